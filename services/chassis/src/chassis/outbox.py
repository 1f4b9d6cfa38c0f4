"""The outbox: events are written in the transaction of their change.

`outbox` holds events that wait for the broker, and `outbox_sent` events that the broker has acknowledged, at gap-free
positions: the source of the HTTP feed, and of a resend after the broker has lost its log. `chassis.relay` moves rows
between them.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import orjson
import saving
import visibility
from adjustments.statements import Sent, Statement
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Identity,
    Index,
    LargeBinary,
    Row,
    Select,
    Text,
    func,
    select,
    text,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute, Mapped, mapped_column

from chassis import clock, telemetry
from chassis.bus import Message
from chassis.counting import counts
from chassis.db import TENANT, Base, JsonObject
from chassis.errors import Conflict
from chassis.events import Event, to_headers

COLUMNS = "tenant_id, event_id, topic, key, attributes, data, created_at"
BATCH_BYTES = 16 * 1024 * 1024
"""A batch is held in memory, and its acknowledgement has a timeout: a few large events are a batch."""


class EventWaits(Conflict):
    code = "event-waits"
    title = "The event is not parked"
    detail = "It has been waiting for the broker since {since}, and is sent as soon as the broker accepts it."
    hint = "Only a parked event can be released. `GET /v1/outbox?state=parked` lists them."


class OutboxColumns:
    """The columns of a message; the same in both tables, so that one statement moves a row."""

    event_id: Mapped[UUID]
    topic: Mapped[str] = mapped_column(Text)
    key: Mapped[str] = mapped_column(Text)
    attributes: Mapped[JsonObject]
    data: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class OutboxRow(OutboxColumns, Base):
    """An event that the broker has not acknowledged yet. A parked row is one that the broker refuses permanently."""

    __tablename__ = "outbox"
    __table_args__ = (
        Index("ix_outbox_waiting", "id", postgresql_where=text("parked_at is null")),
        Index("ix_outbox_waiting_tenant", "tenant_id", "id", postgresql_where=text("parked_at is null")),
        Index("ix_outbox_parked", "tenant_id", "id", postgresql_where=text("parked_at is not null")),
        Index("ix_outbox_key", "topic", "key"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    parked_at: Mapped[datetime | None]
    error: Mapped[str | None] = mapped_column(Text)

    def release(self) -> None:
        """Send it again, before all waiting events. Raises `EventWaits` when it is not parked."""
        if self.parked_at is None:
            raise EventWaits(since=self.created_at)
        self.parked_at = self.error = None


class SentRow(OutboxColumns, Base):
    """An event that the broker has acknowledged."""

    __tablename__ = "outbox_sent"
    __table_args__ = (
        Index("ix_outbox_sent_key", "topic", "key", "position"),
        Index("ix_outbox_sent_tenant", "tenant_id", "position"),
    )

    position: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    sent_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class Removed(Base):
    """The greatest position of a tenant's event that retention has removed: after it, no sent event is missing."""

    __tablename__ = "outbox_removed"

    tenant_id: Mapped[UUID] = mapped_column(server_default=text(TENANT), primary_key=True)
    position: Mapped[int] = mapped_column(BigInteger)


def announce(session: AsyncSession, topic: str, key: str, event: Event) -> None:
    """Publish the event with this transaction: it reaches Kafka if and only if the transaction commits.

    `key` is the record's id, so that the order of a record's events is kept.
    """
    saving.append(
        session,
        OutboxRow,
        tenant_id=UUID(event.tenant),
        event_id=UUID(event.id),
        topic=topic,
        key=key,
        attributes=event.attributes(),
        data=orjson.dumps(event.data),
    )


ANNOUNCE = Statement("""
    insert into outbox (tenant_id, event_id, topic, key, attributes, data)
    select n.tenant_id, n.event_id, n.topic, n.key, cast(n.attributes as jsonb), n.data
    from unnest(cast(:tenants as uuid[]), cast(:events as uuid[]), cast(:topics as text[]), cast(:keys as text[]),
                cast(:attributes as text[]), cast(:data as bytea[])) with ordinality
        as n(tenant_id, event_id, topic, key, attributes, data, place)
    order by n.place
    """)


def announcing(events: Sequence[tuple[str, str, Event]]) -> Iterator[Sent]:
    """The statement that publishes many events, (topic, key, event), with its transaction, in their order."""
    if not events:
        return
    topics, keys, told = zip(*events, strict=True)
    columns = {
        "tenants": [UUID(event.tenant) for event in told],
        "events": [UUID(event.id) for event in told],
        "topics": topics,
        "keys": keys,
        "attributes": [orjson.dumps(event.attributes()).decode() for event in told],
        "data": [orjson.dumps(event.data) for event in told],
    }
    yield ANNOUNCE, columns


class Waiting(NamedTuple):
    """A row of `batch_of`."""

    place: int
    topic: str
    key: str
    attributes: JsonObject
    data: bytes
    bytes_before: int


def batch_of(
    table: type[OutboxRow | SentRow],
    place: InstrumentedAttribute[int],
    *conditions: ColumnElement[bool],
    limit: int,
) -> Select[Any]:
    """The first messages in the order of `place`: at least one, more of them up to `BATCH_BYTES`."""
    size = func.octet_length(table.data)
    before = (func.sum(size).over(order_by=place) - size).label("bytes_before")
    first = select(place.label("place"), table.topic, table.key, table.attributes, table.data, before)
    found = first.where(*conditions).order_by(place).limit(limit).subquery()
    return select(found).where(found.c.bytes_before < BATCH_BYTES).order_by(found.c.place)


def message_of(row: Waiting | Row[Any]) -> Message:
    """The Kafka message of a row of either table."""
    return Message(row.topic, row.key.encode(), row.data, tuple(to_headers(row.attributes)))


NEWEST_AGAIN = text(
    f"""
    insert into outbox ({COLUMNS})
    select {COLUMNS} from outbox_sent
    where topic = :topic and key = :key and created_at > :created_at
      and not exists (select from outbox where topic = :topic and key = :key and created_at > :created_at)
    order by position desc limit 1
    """  # noqa: S608  (constants only)
)


async def release(session: AsyncSession, row: OutboxRow) -> None:
    """Send a parked event again, and after it the newest of its key, so that a compacted log ends with the newest
    state.

    Raises `EventWaits` when it is not parked.
    """
    row.release()
    await session.execute(NEWEST_AGAIN, {"topic": row.topic, "key": row.key, "created_at": row.created_at})


async def observe(session: AsyncSession) -> None:
    """Set the gauges of waiting events and their age. The count is bounded, because it grows while the broker is
    unavailable."""
    found = await backlog(session)
    telemetry.OUTBOX_PENDING.set(found.pending)
    telemetry.OUTBOX_PARKED.set(found.parked)
    age = (clock.now() - found.oldest).total_seconds() if found.oldest else 0.0
    telemetry.OUTBOX_OLDEST_AGE_SECONDS.set(max(0.0, age))


class Backlog(NamedTuple):
    """The numbers of waiting and parked events, counted up to a bound, and the time of the oldest waiting one."""

    pending: int
    parked: int
    oldest: datetime | None


async def backlog(session: AsyncSession) -> Backlog:
    """The events that are not on the broker, of the tenants that the session can read."""
    waiting, parked = OutboxRow.parked_at.is_(None), OutboxRow.parked_at.is_not(None)
    wanted = {"pending": select(OutboxRow.id).where(waiting), "parked": select(OutboxRow.id).where(parked)}
    oldest = select(OutboxRow.created_at).where(waiting).order_by(OutboxRow.id).limit(1)
    return Backlog(**await counts(session, wanted), oldest=await session.scalar(oldest))


async def feed(
    session: AsyncSession,
    after: int,
    until: int,
    limit: int,
    topics: Collection[str],
    key: str | None = None,
    owned: Mapping[str, str] | None = None,
) -> list[dict[str, Any]]:
    """Sent events of these topics after a position, up to and including `until`, oldest first; or of one `key` alone.

    Each is a structured CloudEvent with its position. With `owned`, the tables of topics whose rows have owners, only
    of rows that the transaction sees.
    """
    between = [SentRow.position > after, SentRow.position <= until, SentRow.topic.in_(topics)]
    if key is not None:
        between.append(SentRow.key == key)
    if owned is not None:
        between.append(visibility.among_seen(owned))
    found = await session.scalars(select(SentRow).where(*between).order_by(SentRow.position).limit(limit))
    return [{**sent.attributes, "position": sent.position, "data": orjson.loads(sent.data)} for sent in found.all()]


async def head(session: AsyncSession) -> int:
    """The position of the last sent event that the session can read; 0 when there is none."""
    return await session.scalar(select(func.max(SentRow.position))) or 0


async def complete_from(session: AsyncSession) -> int:
    """The position after which the feed has every event; before it, it has the newest of each record."""
    return await session.scalar(select(func.max(Removed.position))) or 0
