"""HTTP of the outbox: waiting events, refused events with the reason, and sending them again."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel
from sqlalchemy import Row, Select, func, select
from sqlalchemy.orm import defer

from chassis import outbox
from chassis.audit import audited
from chassis.auth import requires
from chassis.db import Session
from chassis.errors import NotFound
from chassis.outbox import OutboxRow
from chassis.pages import Page, Paging, Sorting
from chassis.preconditions import IdempotentRoute

router = APIRouter(prefix="/v1/outbox", tags=["outbox"], route_class=IdempotentRoute)
SORTING = Sorting({"id": OutboxRow.id}, OutboxRow.id, "id")
LARGEST_ID = 2**63 - 1


class NoSuchEvent(NotFound):
    code = "no-such-event"
    title = "The outbox contains no such event"
    detail = "An event leaves the outbox when the broker has acknowledged it."
    hint = "GET /v1/outbox lists the remaining events; GET /v1/events shows sent ones."


class OutboxItem(BaseModel):
    """An event that the broker has not acknowledged, without its body. `error` says why it is parked."""

    id: int
    state: Literal["waiting", "parked"]
    event_id: UUID
    topic: str
    type: str
    subject: str
    bytes: int
    created_at: datetime
    parked_at: datetime | None
    error: str | None

    @classmethod
    def of(cls, row: Row[Any]) -> Self:
        """The item of an event and the size of its body."""
        event: OutboxRow = row[0]
        return cls(
            id=event.id,
            state="waiting" if event.parked_at is None else "parked",
            event_id=event.event_id,
            topic=event.topic,
            type=event.attributes["type"],
            subject=event.attributes["subject"],
            bytes=row.bytes,
            created_at=event.created_at,
            parked_at=event.parked_at,
            error=event.error,
        )


def _held() -> Select[Any]:
    return select(OutboxRow, func.octet_length(OutboxRow.data).label("bytes")).options(defer(OutboxRow.data))


@router.get("", dependencies=[requires("outbox:read")])
async def list_outbox(
    session: Session,
    paging: Paging,
    state: Annotated[
        Literal["waiting", "parked"] | None,
        Query(description="`waiting` for the broker, or `parked`: the broker refuses it, and an operator must act."),
    ] = None,
) -> Page[OutboxItem]:
    """Events that are not on the broker yet, oldest first."""
    wanted = _held()
    if state is not None:
        parked = OutboxRow.parked_at.is_not(None)
        wanted = wanted.where(parked if state == "parked" else ~parked)
    return await paging.page(session, wanted, SORTING, OutboxItem.of)


@router.post("/{outbox_id}/release", dependencies=[requires("outbox:operate"), audited])
async def release_event(outbox_id: Annotated[int, Path(ge=1, le=LARGEST_ID)], session: Session) -> OutboxItem:
    """Send a parked event again after its cause is corrected; a refused event is parked again.

    409 when it is not parked. Consumers drop it by its sequence when they have a later state of the record.
    """
    found = (await session.execute(_held().where(OutboxRow.id == outbox_id).with_for_update(of=OutboxRow))).first()
    if found is None:
        raise NoSuchEvent(id=outbox_id)
    await outbox.release(session, found[0])
    return OutboxItem.of(found)
