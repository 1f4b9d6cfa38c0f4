"""The HTTP feed of events, for consumers without Kafka: each caller gets the kinds of events that its token may
read."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent
from localisation import Phrase
from pydantic import BaseModel

from chassis import outbox
from chassis.arrivals import Arrivals
from chassis.auth import Principal, requires
from chassis.db import Sessions, acting_for
from chassis.errors import Conflict, Forbidden, Gone, Malformed

WAIT_SECONDS = 30
STREAM_SECONDS = 300
STREAM_PAGE = 200
LARGEST_POSITION = 2**63 - 1
router = APIRouter(prefix="/v1/events", tags=["events"])


class PositionBeyondHead(Conflict):
    code = "position-beyond-head"
    title = "The feed has not reached this position"
    detail = "The last event has position {head}; the request asked for events after position {after}."
    hint = (
        "Continue after the head. If your position was greater, the service was restored from a backup: read again "
        "from `after=0`."
    )


class PositionExpired(Gone):
    code = "position-expired"
    title = "Events behind this position have been removed"
    detail = (
        "The feed is complete from `after={complete_from}` on; the request asked for events after position {after}."
    )
    hint = (
        "Read without `complete` from `after=0`, which yields the newest event of every record, until `next` is "
        "reached."
    )


class NoKindReadable(Forbidden):
    code = "no-kind-readable"
    title = "The token may read no kind of event"
    detail = "Besides events:read, an event needs the scope of its kind: {kinds}."
    hint = "Ask for a token with the scopes of the kinds that you want to read."


class Followed:
    """The events that a caller requests: those that its token may read, of some kinds, of one record."""

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
            message = Phrase(
                "unknown: {unknown}; the kinds are: {known}", unknown=", ".join(unknown), known=", ".join(sorted(known))
            )
            raise Malformed(errors=[{"field": "kinds", "code": "choice", "message": message}])
        self.topics = [topic for topic in readable if wanted is None or _kind_of(topic) in wanted]
        self.key = str(record) if record else None
        self.caller, self.owned = caller, request.app.state.owned
        self.sessions: Sessions = request.app.state.sessions
        self.arrivals: Arrivals = request.app.state.arrivals

    async def page(self, after: int | Literal["head"], limit: int, complete: bool) -> "Feed":
        """The events after a position. Raises `PositionBeyondHead` or `PositionExpired`."""
        async with acting_for(self.sessions, self.caller) as session:
            # Read first: an event that is sent between the two reads is left to the next page.
            head = await outbox.head(session)
            if after == "head":
                after = head
            if after > head:
                raise PositionBeyondHead(head=head, after=after)
            owned = self.owned if self.caller.owners is not None else None
            items = await outbox.feed(session, after, head, limit, self.topics, self.key, owned) if after < head else []
            # Read last: the answer accounts for an event that is removed between the two reads.
            complete_from = await outbox.complete_from(session)
        if complete and after < complete_from:
            raise PositionExpired(complete_from=complete_from, after=after)
        following = items[-1]["position"] if len(items) == limit else head
        return Feed(items=items, next=following, complete_from=complete_from)

    async def page_within(self, after: int | Literal["head"], limit: int, complete: bool, seconds: float) -> "Feed":
        """The first page with an event, or an empty one at the timeout."""
        ends = asyncio.get_running_loop().time() + seconds
        page = await self.page(after, limit, complete)
        while not page.items and (left := ends - asyncio.get_running_loop().time()) > 0:
            if not await self.arrivals.beyond(self.sessions, self.caller.tenant, page.next, left):
                break
            page = await self.page(page.next, limit, complete)
        return page


def _kind_of(topic: str) -> str:
    """`note` of `notebook.note.v1`."""
    return topic.split(".")[1]


After = Annotated[
    Annotated[int, Query(ge=0, le=LARGEST_POSITION)] | Literal["head"],
    Query(description="The last position read; 0 starts at the beginning, `head` after the newest event."),
]
Following = Annotated[Followed, Depends()]


class Feed(BaseModel):
    """Events as structured CloudEvents with their position; `next` is the position to continue with as `after`.

    `next` is the last position that was read, whether its event is shown or not: `after=next` never returns an event
    twice, and never waits behind events that the token may not read.

    From `complete_from` on, no event is missing. Before it, an old event has been removed if a newer one of the same
    record exists: a reader gets, from any position, the newest state of every record that changed after it.
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
        bool,
        Query(
            description=("Answer 410 when events after `after` have been removed; for readers that need every event.")
        ),
    ] = False,
    wait: Annotated[
        int, Query(ge=0, le=WAIT_SECONDS, description="Seconds to wait for an event if there is none yet.")
    ] = 0,
) -> Feed:
    """The events that this service has published, oldest first, of the kinds whose records the token may read.

    An empty page means: ask again later, or use `wait` to wait for the next event. A position beyond the last event is
    refused with 409; the answer contains the `head`. An event is removed when it is older than the service's retention
    (default 30 days) and a newer one of its record exists. A reader that keeps a copy of the records may pause for any
    time; a reader that needs every event sets `complete=true`, and gets 410 when events have been removed.
    """
    if not wait:
        return await following.page(after, limit, complete)
    async with following.arrivals.listening():
        return await following.page_within(after, limit, complete, min(wait, WAIT_SECONDS))


async def _first_page(
    following: Following,
    after: After = "head",
    last_event_id: Annotated[
        int | None,
        Header(
            ge=0,
            le=LARGEST_POSITION,
            description="The id of the last event received; it takes precedence over `after`.",
        ),
    ] = None,
) -> Feed:
    """Read before the answer begins, because an error status cannot be sent afterwards."""
    return await following.page(after if last_event_id is None else last_event_id, STREAM_PAGE, complete=False)


@router.get(":stream", response_class=EventSourceResponse)
async def stream_events(
    following: Following, first: Annotated[Feed, Depends(_first_page)]
) -> AsyncIterator[ServerSentEvent]:
    """The same events as server-sent events; the id of each is its position.

    A stream ends after five minutes; a client continues with the id of its last event as `Last-Event-ID`, as browsers
    do automatically. Without a position it begins after the newest event.
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
