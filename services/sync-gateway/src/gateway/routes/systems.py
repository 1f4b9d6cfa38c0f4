"""HTTP of the systems and of the hub's state."""

from typing import Annotated

from chassis.auth import Principal, requires
from chassis.db import Session
from chassis.preconditions import IdempotentRoute
from fastapi import APIRouter

from gateway.queries import systems as queries
from gateway.routes.operators import SHOWN
from gateway.schemas.systems import StatusOut, SystemOut, Systems
from gateway.systems import pause, resume

router = APIRouter(tags=["systems"], route_class=IdempotentRoute)
READ = requires("sync:read")
Operator = Annotated[Principal, requires("sync:write")]


@router.get("/v1/status", dependencies=[READ, SHOWN])
async def read_status(session: Session) -> StatusOut:
    """The hub at a glance: one word for all of it, and what stands behind the word."""
    return await queries.status(session)


@router.get("/v1/systems", dependencies=[READ])
async def list_systems(session: Session) -> Systems:
    """Every connected system: whether it is paused or away, since when and why, and what is due there."""
    return Systems(items=await queries.systems(session))


@router.get("/v1/systems/{name}", dependencies=[READ])
async def read_system(name: str, session: Session) -> SystemOut:
    """One system: whether it is paused or away, which kinds it does not take, and what is due there."""
    await queries.check_system(session, name)
    return await _shown(session, name)


@router.post("/v1/systems/{name}:pause")
async def pause_system(name: str, session: Session, caller: Operator) -> SystemOut:
    """Stop reading from a system and delivering to it, for every tenant. Nothing is lost: everything waits.

    Pausing a paused system changes nothing: it says who did it, and when.
    """
    await queries.check_system(session, name)
    await pause(session, name, caller.subject)
    return await _shown(session, name)


@router.post("/v1/systems/{name}:resume")
async def resume_system(name: str, session: Session, caller: Operator) -> SystemOut:
    """Go on where the pause began: what was entered there is read, what is due there is delivered."""
    await queries.check_system(session, name)
    await resume(session, name)
    return await _shown(session, name)


async def _shown(session: Session, name: str) -> SystemOut:
    return next(system for system in await queries.systems(session) if system.name == name)
