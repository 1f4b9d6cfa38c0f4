"""The HTTP feed of events, for those without Kafka: each caller gets the kinds of events that the token may read."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import BaseModel

from chassis import outbox
from chassis.arrivals import Arrivals
from chassis.auth import Principal, requires
from chassis.db import Sessions, transaction
from chassis.errors import Conflict, Forbidden, Gone, Malformed

WAIT_SECONDS = 30
STREAM_SECONDS = 300
STREAM_PAGE = 200
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


class Followed:
    """Which events a caller wants: those that its token may read, of some kinds, of one record."""

    def __init__(
        self,
        request: Request,
        caller: Annotated[Principal, requires("events:read")],
        kinds: Annotated[
            str | None,
            Query(max_length=500, description="Kinds of records, with commas. Without it, all."),
        ] = None,
        record: Annotated[UUID | None, Query(description="The id of one record of this service.")] = None,
    ) -> None:
        scopes: dict[str, str] = request.app.state.event_scopes
        readable = [topic for topic, scope in scopes.items() if scope in caller.scopes]
        if not readable:
            raise NoKindReadable(kinds=", ".join(sorted(set(scopes.values()))))
        wanted = {each.strip() for each in kinds.split(",") if each.strip()} if kinds else None
        known = {_kind_of(topic) for topic in scopes}
        if wanted and (unknown := sorted(wanted - known)):
            message = f"unknown: {', '.join(unknown)}; the kinds are: {', '.join(sorted(known))}"
            raise Malformed(errors=[{"field": "kinds", "code": "choice", "message": message}])
        self.topics = [topic for topic in readable if wanted is None or _kind_of(topic) in wanted]
        self.key = str(record) if record else None
        self.tenant = caller.tenant
        self.sessions: Sessions = request.app.state.sessions
        self.arrivals: Arrivals = request.app.state.arrivals

    async def page(self, after: int | Literal["head"], limit: int, complete: bool) -> "Feed":
        """The events behind a position. Raise `PositionBeyondHead` or `PositionExpired`."""
        async with transaction(self.sessions, self.tenant) as session:
            # First: an event that is sent between the two reads is left to the next page.
            head = await outbox.head(session)
            if after == "head":
                after = head
            if after > head:
                raise PositionBeyondHead(head=head, after=after)
            items = await outbox.feed(session, after, head, limit, self.topics, self.key) if after < head else []
            # Last: an event that is removed between the two reads is told of.
            complete_from = await outbox.complete_from(session)
        if complete and after < complete_from:
            raise PositionExpired(complete_from=complete_from, after=after)
        following = items[-1]["position"] if len(items) == limit else head
        return Feed(items=items, next=following, complete_from=complete_from)

    async def page_within(self, after: int | Literal["head"], limit: int, complete: bool, seconds: float) -> "Feed":
        """The first page with an event, or the one that is empty when the time is over."""
        ends = asyncio.get_running_loop().time() + seconds
        page = await self.page(after, limit, complete)
        while not page.items and (left := ends - asyncio.get_running_loop().time()) > 0:
            if not await self.arrivals.beyond(self.sessions, self.tenant, page.next, left):
                break
            page = await self.page(page.next, limit, complete)
        return page


def _kind_of(topic: str) -> str:
    """`note` of `notebook.note.v1`."""
    return topic.split(".")[1]


After = Annotated[
    Annotated[int, Query(ge=0)] | Literal["head"],
    Query(description="The last position seen; 0 starts at the beginning, `head` behind the newest event."),
]
Following = Annotated[Followed, Depends()]


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
    following: Following,
    after: After = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
    complete: Annotated[
        bool, Query(description="Refuse with 410 when events behind `after` have been removed: each one counts.")
    ] = False,
    wait: Annotated[
        int, Query(ge=0, le=WAIT_SECONDS, description="Seconds to wait for an event, where there is none yet.")
    ] = 0,
) -> Feed:
    """The events that this service has published, oldest first, of the kinds whose records the token may read.

    An empty page means: ask again later, or `wait` for the next event. A position beyond the last event is refused with
    409; the answer names the `head`. An event is removed when it is older than the service's retention (30 days, unless
    set) and a newer one of its record is there. A reader that keeps a copy of the records may be away for any time; one
    that counts events asks for `complete=true`, and is refused with 410 when it came too late.
    """
    if not wait:
        return await following.page(after, limit, complete)
    async with following.arrivals.listening():
        return await following.page_within(after, limit, complete, min(wait, WAIT_SECONDS))


async def _first_page(
    following: Following,
    after: After = "head",
    last_event_id: Annotated[
        int | None, Header(ge=0, description="The id of the last event received; it comes before `after`.")
    ] = None,
) -> Feed:
    """Read before the answer begins: afterwards nothing can be refused any more."""
    return await following.page(after if last_event_id is None else last_event_id, STREAM_PAGE, complete=False)


@router.get(":stream", response_class=EventSourceResponse)
async def stream_events(
    following: Following, first: Annotated[Feed, Depends(_first_page)]
) -> AsyncIterator[ServerSentEvent]:
    """The same events as server-sent events, as they come; the id of each is its position.

    A stream ends after five minutes; a client continues with the id of its last event as `Last-Event-ID`, as browsers
    do by themselves. Without a position it begins behind the newest event.
    """
    ends = asyncio.get_running_loop().time() + STREAM_SECONDS
    page = first
    async with following.arrivals.listening():
        while True:
            for item in page.items:
                yield ServerSentEvent(id=str(item["position"]), data=item)
            left = ends - asyncio.get_running_loop().time()
            if left <= 0:
                return
            page = await following.page_within(page.next, STREAM_PAGE, complete=False, seconds=left)
