"""The HTTP feed of events, for those without Kafka: each caller gets the kinds of events that the token may read."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel

from chassis import outbox
from chassis.auth import Principal, requires
from chassis.db import Session
from chassis.errors import Conflict, Forbidden, Gone

router = APIRouter(prefix="/v1/events", tags=["events"])


class PositionBeyondHead(Conflict):
    code = "position-beyond-head"
    title = "The feed has no such position yet"
    detail = "The last event stands at position {head}; what follows position {after} was asked for."
    hint = "Continue after the head. If you had read further, the service was restored: read again from `after=0`."


class PositionExpired(Gone):
    code = "position-expired"
    title = "Events behind this position have been removed"
    detail = "Every event is there from `after={complete_from}` on; what follows position {after} was asked for."
    hint = (
        "Read without `complete` from `after=0`, which yields the newest event of every record, until `next` is there."
    )


class NoKindReadable(Forbidden):
    code = "no-kind-readable"
    title = "The token may read no kind of event"
    detail = "Besides events:read, an event needs the scope of its kind: {kinds}."
    hint = "Ask for a token with the scopes of the kinds that you want to read."


class Feed(BaseModel):
    """Events as structured CloudEvents with their position; `next` is the position to go on `after`.

    `next` is the last position looked at, be its event shown or not: `after=next` never meets an event twice, and
    never waits behind events that the token may not read.

    From `complete_from` on, every event is there. Before it, old events have been removed of which a newer one of the
    same record is there: whoever reads on from any position gets the newest state of all that changed behind it.
    """

    items: list[dict[str, Any]]
    next: int
    complete_from: int


@router.get("")
async def list_events(
    request: Request,
    caller: Annotated[Principal, requires("events:read")],
    session: Session,
    after: Annotated[int, Query(ge=0, description="The last position seen; 0 starts at the beginning.")] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
    complete: Annotated[
        bool, Query(description="Refuse with 410 when events behind `after` have been removed: each one counts.")
    ] = False,
) -> Feed:
    """The events that this service has published, oldest first, of the kinds whose records the token may read.

    An empty page means: ask again later. A position beyond the last event is refused with 409; the answer names the
    `head`. An event is removed when it is older than the service's retention (30 days, unless set) and a newer one of
    its record is there. A reader that keeps a copy of the records may be away for any time; one that counts events asks
    for `complete=true`, and is refused with 410 when it came too late.
    """
    readable = _readable(request.app.state.event_scopes, caller)
    # First: an event that is sent between the two reads is left to the next page.
    head = await outbox.head(session)
    if after > head:
        raise PositionBeyondHead(head=head, after=after)
    items = await outbox.feed(session, after, head, limit, readable)
    # Last: an event that is removed between the two reads is told of.
    complete_from = await outbox.complete_from(session)
    if complete and after < complete_from:
        raise PositionExpired(complete_from=complete_from, after=after)
    return Feed(items=items, next=items[-1]["position"] if len(items) == limit else head, complete_from=complete_from)


def _readable(event_scopes: Mapping[str, str], caller: Principal) -> list[str]:
    readable = [topic for topic, scope in event_scopes.items() if scope in caller.scopes]
    if not readable:
        raise NoKindReadable(kinds=", ".join(sorted(set(event_scopes.values()))))
    return readable
