"""HTTP of the systems and of the hub's status."""

from typing import Annotated

from chassis import clock
from chassis.audit import audited
from chassis.auth import FieldScopes, Principal, requires
from chassis.db import Session
from chassis.errors import Conflict
from chassis.preconditions import IdempotentRoute
from fastapi import APIRouter, Body

from gateway.api.operators import OPERATE, SHOWN
from gateway.api.systems import queries
from gateway.api.systems.receiving import EventOutcomes, EventsIn, check_sender, receive
from gateway.api.systems.registering import RESERVED, RegistrationBody, SystemName
from gateway.api.systems.schemas import PauseScope, StatusOut, SystemOut, Systems
from gateway.store import pauses, registrations, systems
from gateway.store.registrations import Registration

router = APIRouter(tags=["systems"], route_class=IdempotentRoute)
READ = requires("sync:read")
Steward = Annotated[Principal, requires("sync:write")]
Operator = Annotated[Principal, requires("sync:operate")]
Sender = Annotated[Principal, requires("events:write")]
Scope = Annotated[PauseScope | None, Body()]
FOR_ALL = FieldScopes({"all_tenants": OPERATE})


class DeclaredElsewhere(Conflict):
    code = "system-declared-elsewhere"
    title = "The system is not registered here"
    detail = "{system} is declared in the settings of the gateway, or its name has another meaning."
    hint = "Change a system of the settings in SYSTEMS; for a new one use another name."


@router.get("/v1/status", dependencies=[READ, SHOWN])
async def read_status(session: Session) -> StatusOut:
    """The status of the hub: one word for its worst condition, and the details."""
    return await queries.status(session)


@router.get("/v1/systems", dependencies=[READ, SHOWN])
async def list_systems(session: Session) -> Systems:
    """Every connected system: whether it is paused or unavailable, since when and why, and its due deliveries."""
    return Systems(items=await queries.systems(session))


@router.get("/v1/systems/{name}", dependencies=[READ, SHOWN])
async def read_system(name: str, session: Session) -> SystemOut:
    """One system: whether it is paused or unavailable, which kinds it refuses, and its due deliveries.

    After a restore from a backup it shows the progress of the comparison.
    """
    await queries.check_system(session, name)
    return await _shown(session, name)


@router.put("/v1/systems/{name}", dependencies=[SHOWN, audited])
async def register_system(name: SystemName, body: RegistrationBody, session: Session, caller: Operator) -> SystemOut:
    """Register a system, or change its registration. Repeating the call changes nothing.

    All workers notice within seconds. What the system begins to hold, or the tenants that it begins to serve, is
    compared and delivered (`joining`); what it gives up is not delivered any more. A system of the gateway's settings
    is changed there.
    """
    if name in RESERVED or await registrations.is_declared(session, name):
        raise DeclaredElsewhere(system=name)
    wanted = Registration(**body.of(name), registered_by=caller.subject, registered_at=clock.now().isoformat())
    await registrations.connect(session, name, wanted)
    return await _shown(session, name)


@router.delete("/v1/systems/{name}", dependencies=[SHOWN, audited])
async def remove_system(name: str, session: Session, _: Operator) -> SystemOut:
    """Remove a registered system: nothing is read from it or delivered to it any more. The answer is its last state.

    Its values and links stay, so that it continues where it was when it is registered again.
    """
    await queries.check_system(session, name)
    if await registrations.is_declared(session, name):
        raise DeclaredElsewhere(system=name)
    last = await _shown(session, name)
    await registrations.disconnect(session, name)
    return last


@router.post("/v1/systems/{name}/events")
async def receive_events(name: str, body: EventsIn, session: Session, caller: Sender) -> EventOutcomes:
    """Send up to 200 events of a system without Kafka: the same events, in the structured mode of CloudEvents.

    The caller is one of the registered `senders`, and sends events of its token's tenant only. What is accepted is
    stored, and merged in its order; sending an event again changes nothing. Send the events of one record in their
    order, the next batch after the answer.
    """
    registration = check_sender(name, await registrations.registration(session, name), caller)
    return EventOutcomes(items=await receive(session, name, registration, caller.tenant, body.events))


@router.post("/v1/systems/{name}/pause", dependencies=[audited], openapi_extra=FOR_ALL.openapi)
async def pause_system(name: str, session: Session, caller: Steward, body: Scope = None) -> SystemOut:
    """Stop merging messages from a system and delivering to it, for the caller's tenant. Nothing is lost: all changes
    wait.

    With `all_tenants` the system is paused for every tenant, which needs the scope `sync:operate`. Pausing a paused
    system changes nothing: the answer shows who paused it, and when.
    """
    await queries.check_system(session, name)
    if _for_all(caller, body):
        await systems.pause(session, name, caller.subject)
    else:
        await pauses.pause(session, name, caller.subject, clock.now())
    return await _shown(session, name)


@router.post("/v1/systems/{name}/resume", dependencies=[audited], openapi_extra=FOR_ALL.openapi)
async def resume_system(name: str, session: Session, caller: Steward, body: Scope = None) -> SystemOut:
    """End the pause: stored messages are merged in their order, due deliveries are sent.

    A pause for all tenants ends only with `all_tenants`.
    """
    await queries.check_system(session, name)
    if _for_all(caller, body):
        await systems.resume(session, name)
    else:
        await pauses.resume(session, name, clock.now())
    return await _shown(session, name)


def _for_all(caller: Principal, body: PauseScope | None) -> bool:
    """Raises `ScopeMissing` when the caller may not act for all tenants."""
    if body is None or not body.all_tenants:
        return False
    FOR_ALL.check(caller, ["all_tenants"])
    return True


async def _shown(session: Session, name: str) -> SystemOut:
    return next(system for system in await queries.systems(session) if system.name == name)
