"""The HTTP feed of events, for those without Kafka."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel

from chassis import outbox
from chassis.auth import requires
from chassis.db import Session
from chassis.errors import Conflict

router = APIRouter(prefix="/v1/events", tags=["events"])


class PositionBeyondHead(Conflict):
    code = "position-beyond-head"
    title = "The feed has no such position yet"
    detail = "The last event stands at position {head}; what follows position {after} was asked for."
    hint = "Continue after the head. If you had read further, the service was restored: read again from `after=0`."


class Feed(BaseModel):
    """Events as structured CloudEvents with their position; `next` is the position to go on `after`."""

    items: list[dict[str, Any]]
    next: int


@router.get("", dependencies=[requires("events:read")])
async def list_events(
    session: Session,
    after: Annotated[int, Query(ge=0, description="The last position seen; 0 starts at the beginning.")] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> Feed:
    """Every event that this service has published, oldest first. An empty page means: ask again later.

    A position beyond the last event is refused with 409; the answer names the `head`.
    """
    items = await outbox.feed(session, after, limit)
    if not items and after > (head := await outbox.head(session)):
        raise PositionBeyondHead(head=head, after=after)
    return Feed(items=items, next=items[-1]["position"] if items else after)
