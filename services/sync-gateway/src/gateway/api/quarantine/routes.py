"""HTTP of the quarantine."""

from typing import Annotated
from uuid import UUID

from chassis import clock
from chassis.audit import audited
from chassis.auth import Principal, requires
from chassis.db import Session
from chassis.pages import Page, Paging
from chassis.preconditions import IdempotentRoute
from fastapi import APIRouter, Query

from gateway.api.operators import SHOWN
from gateway.api.quarantine import queries
from gateway.api.quarantine.schemas import HeldMessage, HeldMessageInFull, QuarantineFilters

router = APIRouter(tags=["quarantine"], route_class=IdempotentRoute)
READ = requires("sync:read")
WRITE = requires("sync:write")
Operator = Annotated[Principal, WRITE]


@router.get("/v1/quarantine", dependencies=[READ, SHOWN])
async def list_quarantine(
    session: Session, paging: Paging, filters: Annotated[QuarantineFilters, Query()]
) -> Page[HeldMessage]:
    """Messages that could not be parsed or merged, the newest first. All others were merged.

    A message whose tenant is unknown is shown with the scope `sync:operate` only.
    """
    return await paging.page(session, queries.search(filters), queries.ORDERS, lambda row: HeldMessage.of(row[0]))


@router.get("/v1/quarantine/{message_id}", dependencies=[READ, SHOWN])
async def read_quarantined(message_id: UUID, session: Session) -> HeldMessageInFull:
    """One message with its bytes as text and its headers."""
    return HeldMessageInFull.of(await queries.by_id(session, message_id))


@router.post("/v1/quarantine/{message_id}/replay", status_code=202, dependencies=[WRITE, SHOWN, audited])
async def replay_message(message_id: UUID, session: Session, caller: Operator) -> HeldMessage:
    """Merge the message as if it arrived now, after its cause is corrected.

    The worker merges it within seconds; read the message again to see `replayed`, or `held` with the new reason.
    """
    row = await queries.by_id(session, message_id, lock=True)
    row.replay(caller.subject, clock.now())
    return HeldMessage.of(row)


@router.post("/v1/quarantine/{message_id}/drop", dependencies=[WRITE, SHOWN, audited])
async def drop_message(message_id: UUID, session: Session, caller: Operator) -> HeldMessage:
    """Mark the message as not needed. It is kept in full, with the author of the mark, and can still be replayed."""
    row = await queries.by_id(session, message_id, lock=True)
    row.drop(caller.subject, clock.now())
    return HeldMessage.of(row)
