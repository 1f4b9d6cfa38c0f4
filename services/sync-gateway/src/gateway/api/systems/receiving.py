"""Events that a system sends over HTTP: validated at once, stored before the answer, merged by the worker in order.

They are stored where the messages of a paused system are: `gateway.ingest.held_back` merges both. Each item is
validated as a message of the system's topic would be, so that what is accepted can be merged.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, NamedTuple
from uuid import UUID

import orjson
from chassis import clock
from chassis.auth import Principal
from chassis.bus import Message
from chassis.errors import Conflict, Forbidden
from chassis.events import Event as Envelope
from chassis.events import Unreadable, to_headers
from pydantic import BaseModel, ConfigDict, Field, JsonValue
from pydantic.config import JsonDict
from sqlalchemy import select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.ingest.consume import read
from gateway.merge.register import Event
from gateway.store import pauses
from gateway.store.links import Link
from gateway.store.pauses import HeldBack
from gateway.store.quarantine import packed_headers
from gateway.store.registrations import Registration

OVER_HTTP = -1
"""The partition of a message that did not come from Kafka."""

MOST_EVENTS = 200
MOST_CHARACTERS = 2000


class NotItsSender(Forbidden):
    code = "not-its-sender"
    title = "The caller does not send the events of this system"
    detail = "{subject} is not a sender of {system}, or {system} is not registered for the tenant of the token."
    hint = (
        "An operator adds the subject of the token to `senders`, and the tenant to `tenants`: PUT /v1/systems/{system}."
    )


class NotOverHttp(Conflict):
    code = "events-not-over-http"
    title = "This system does not send its events over HTTP"
    detail = "{system} publishes its events to Kafka."
    hint = "Publish them there, or register the system with `events: http`."


EXAMPLE: JsonDict = {
    "specversion": "1.0",
    "id": "01936f2c-0000-7a10-8b00-000000000001",
    "source": "/shop",
    "type": "shop.customer.changed.v1",
    "subject": "4711",
    "time": "2026-11-22T04:00:00Z",
    "tenant": "00000000-0000-7000-8000-000000000001",
    "dataschema": "shop.customer.v1.json",
    "data": {
        "kind": "customer",
        "local_id": "4711",
        "seq": 1,
        "hlc": 1763784005000000,
        "origin": "user",
        "changes": [{"group": "name", "old": None, "new": "Alfreds Futterkiste"}],
        "snapshot": {"name": "Alfreds Futterkiste"},
    },
}


class EventsIn(BaseModel):
    """A batch of events in the structured mode of CloudEvents, in the order of each record's changes."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"events": [EXAMPLE]}]})

    events: Annotated[
        list[Annotated[dict[str, JsonValue], Field(max_length=50)]], Field(min_length=1, max_length=MOST_EVENTS)
    ]


class EventOutcome(BaseModel):
    """The outcome of one event.

    `accepted`: it is stored, and merged in its order. `duplicate`: it was received before. `refused`: it can never be
    merged; `reason` says why.
    """

    id: str | None = Field(description="The `id` of the event; null when it has none.")
    outcome: Literal["accepted", "duplicate", "refused"]
    reason: str | None = None


class EventOutcomes(BaseModel):
    """An outcome for each event, in their order."""

    items: list[EventOutcome]


class _Received(NamedTuple):
    event_id: UUID
    event: Event
    message: Message


def check_sender(name: str, registration: Registration | None, caller: Principal) -> Registration:
    """The registration of a system whose events this caller may send. Raises `NotItsSender` or `NotOverHttp`."""
    allowed = registration is not None and (
        caller.subject in registration.senders
        and (registration.tenants is None or str(caller.tenant) in registration.tenants)
    )
    if registration is None or not allowed:
        raise NotItsSender(subject=caller.subject, system=name)
    if registration.events != "http":
        raise NotOverHttp(system=name)
    return registration


async def receive(
    session: AsyncSession, name: str, registration: Registration, tenant: UUID, events: Sequence[dict[str, Any]]
) -> list[EventOutcome]:
    """Store the events of a batch that are new and can be merged; an outcome for each. One event refuses no other."""
    read_or_refused = [_received(name, registration, tenant, event) for event in events]
    received = [each for each in read_or_refused if isinstance(each, _Received)]
    merged = await _merged(session, received)
    new = await _store(session, name, [each for each in received if each.event_id not in merged])
    outcomes = []
    for event, each in zip(events, read_or_refused, strict=True):
        shown = str(event["id"]) if "id" in event else None
        if isinstance(each, Unreadable):
            outcomes.append(EventOutcome(id=shown, outcome="refused", reason=str(each)[:MOST_CHARACTERS]))
            continue
        outcomes.append(EventOutcome(id=shown, outcome="accepted" if each.event_id in new else "duplicate"))
        new.discard(each.event_id)
    return outcomes


def _received(
    name: str, registration: Registration, tenant: UUID, event: Mapping[str, Any]
) -> "_Received | Unreadable":
    """The message of an event, or the reason why it cannot be merged."""
    try:
        if event.get("tenant", str(tenant)) != str(tenant):
            raise Unreadable("the tenant of the event is not the tenant of the token")
        envelope = Envelope.from_attributes({**event, "tenant": str(tenant)}, event.get("data"))
        event_id = UUID(envelope.id)
        value = orjson.dumps(envelope.data)
    except Unreadable as error:
        return error
    except (ValueError, TypeError) as error:
        return Unreadable(f"the id of an event is a UUID, and its data is JSON: {error}")
    kind, local_id = envelope.data.get("kind"), envelope.data.get("local_id")
    headers = tuple(to_headers(envelope.attributes()))
    message = Message(f"{name}.{kind}.v1", str(local_id).encode(), value, headers, OVER_HTTP, 0)
    try:
        return _Received(event_id, read(message, {name: registration.held}).event, message)
    except Unreadable as error:
        return error


async def _merged(session: AsyncSession, received: Sequence[_Received]) -> set[UUID]:
    """The events that the hub has merged already, or of whose row it has merged a later one."""
    names = {(each.event.kind, each.event.system, each.event.local_id) for each in received}
    found = await session.scalars(select(Link).where(tuple_(Link.kind, Link.system, Link.local_id).in_(names)))
    links = {(link.kind, link.system, link.local_id): link for link in found}
    merged = set()
    for each in received:
        event = each.event
        link = links.get((event.kind, event.system, event.local_id))
        if link is not None and event.seq <= link.seen_seq and (link.last is None or event.moment <= link.last):
            merged.add(each.event_id)
    return merged


async def _store(session: AsyncSession, name: str, received: Sequence[_Received]) -> set[UUID]:
    """Store events in their order; returns those that were not stored yet."""
    if not received:
        return set()
    await pauses.queue(session, name, clock.now())
    rows = [_row(name, each) for each in received]
    new = insert(HeldBack).values(rows).on_conflict_do_nothing().returning(HeldBack.event_id)
    return {event_id for event_id in await session.scalars(new) if event_id is not None}


def _row(name: str, each: _Received) -> dict[str, Any]:
    message = each.message
    return {
        "system": name,
        "topic": message.topic,
        "partition": message.partition,
        "log_offset": message.offset,
        "key": message.key,
        "value": message.value,
        "headers": packed_headers(message.headers),
        "event_id": each.event_id,
    }
