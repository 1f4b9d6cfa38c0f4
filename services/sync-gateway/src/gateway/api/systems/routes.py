"""HTTP of the systems and of the hub's status."""

from typing import Annotated

from chassis import clock
from chassis.auth import FieldScopes, Principal, requires
from chassis.db import Session
from chassis.preconditions import IdempotentRoute
from fastapi import APIRouter, Body

from gateway.api.operators import OPERATE, SHOWN
from gateway.api.systems import queries
from gateway.api.systems.schemas import PauseScope, StatusOut, SystemOut, Systems
from gateway.store import pauses, systems

router = APIRouter(tags=["systems"], route_class=IdempotentRoute)
READ = requires("sync:read")
Steward = Annotated[Principal, requires("sync:write")]
Scope = Annotated[PauseScope | None, Body()]
FOR_ALL = FieldScopes({"all_tenants": OPERATE})


@router.get("/v1/status", dependencies=[READ, SHOWN])
async def read_status(session: Session) -> StatusOut:
    """The status of the hub: one word for its worst condition, and the details."""
    return await queries.status(session)


@router.get("/v1/systems", dependencies=[READ])
async def list_systems(session: Session) -> Systems:
    """Every connected system: whether it is paused or unavailable, since when and why, and its due deliveries."""
    return Systems(items=await queries.systems(session))


@router.get("/v1/systems/{name}", dependencies=[READ])
async def read_system(name: str, session: Session) -> SystemOut:
    """One system: whether it is paused or unavailable, which kinds it refuses, and its due deliveries.

    After a restore from a backup it shows the progress of the comparison.
    """
    await queries.check_system(session, name)
    return await _shown(session, name)


@router.post("/v1/systems/{name}/pause", openapi_extra=FOR_ALL.openapi)
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


@router.post("/v1/systems/{name}/resume", openapi_extra=FOR_ALL.openapi)
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
