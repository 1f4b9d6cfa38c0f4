"""The relay: outbox row -> Kafka -> `outbox_sent`, in order, one relay at a time.

The row that is still there is the retry. While the broker is away the relay waits and tries again, for ever; a row that
the broker will never take is parked, counted and reported, and holds up nothing.
"""

import asyncio
from datetime import UTC, datetime
from typing import Any

import structlog
from sqlalchemy import Select, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from chassis import telemetry
from chassis.bus import BrokerAway, Message, Producer, Refused
from chassis.events import to_headers
from chassis.outbox import OutboxRow
from chassis.worker import pause

log = structlog.get_logger()
LOCK = "select pg_try_advisory_lock(hashtext('outbox relay'))"
COLUMNS = "tenant_id, event_id, topic, key, attributes, data, created_at"
MOVE = text(
    f"""
    with gone as (delete from outbox where id = any(:ids) returning id, {COLUMNS})
    insert into outbox_sent (position, {COLUMNS})
    select coalesce((select max(position) from outbox_sent), 0) + row_number() over (order by id), {COLUMNS} from gone
    """  # noqa: S608  (constants only)
)
BATCH_BYTES = 16 * 1024 * 1024
"""A batch stands in memory, and its acknowledgement has a time limit: a few large events are one."""


def _waiting(limit: int) -> Select[Any]:
    """The oldest events that wait: the first in any case, more of them up to `BATCH_BYTES`."""
    size = func.octet_length(OutboxRow.data)
    oldest = (
        select(
            OutboxRow.id,
            OutboxRow.topic,
            OutboxRow.key,
            OutboxRow.attributes,
            OutboxRow.data,
            (func.sum(size).over(order_by=OutboxRow.id) - size).label("bytes_before"),
        )
        .where(OutboxRow.parked_at.is_(None))
        .order_by(OutboxRow.id)
        .limit(limit)
        .subquery()
    )
    return select(oldest).where(oldest.c.bytes_before < BATCH_BYTES).order_by(oldest.c.id)


class Relay:
    """Moves what the outbox holds to the broker. Polling costs the writers nothing; a notification would."""

    def __init__(self, engine: AsyncEngine, producer: Producer, poll_seconds: float = 0.015, batch: int = 500) -> None:
        self.engine = engine
        self.producer = producer
        self.poll_seconds = poll_seconds
        self.batch = batch

    async def run(self, stop: asyncio.Event) -> None:
        """Relay while this process holds the lock; a second relay waits for the first to go."""
        try:
            while not stop.is_set():
                # Every statement here stands alone: without transactions an idle poll is one round trip, not three.
                async with self.engine.connect() as connection:
                    await connection.execution_options(isolation_level="AUTOCOMMIT")
                    if (await connection.execute(text(LOCK))).scalar_one():
                        await self._hold(connection, stop)
                await pause(stop, 1)
        finally:
            await self.producer.stop()

    async def _hold(self, connection: AsyncConnection, stop: asyncio.Event) -> None:
        try:
            while not stop.is_set():
                try:
                    moved = await self.step(connection)
                except BrokerAway as error:
                    log.warning("broker_away", error=str(error))
                    await pause(stop, 1)
                    continue
                if moved == 0:
                    await pause(stop, self.poll_seconds)
        finally:
            # The lock belongs to the connection: closing it, not returning it to the pool, lets the next relay in.
            await connection.invalidate()

    async def step(self, connection: AsyncConnection) -> int:
        """Send one batch; answer how many rows were dealt with. The rows stay until the broker has them."""
        found = (await connection.execute(_waiting(self.batch))).all()
        if not found:
            return 0
        messages = [Message(r.topic, r.key.encode(), r.data, tuple(to_headers(r.attributes))) for r in found]
        outcomes = await self.producer.send(messages)
        sent = [r.id for r, outcome in zip(found, outcomes, strict=True) if outcome is None]
        await connection.execute(MOVE, {"ids": sent})
        for r, outcome in zip(found, outcomes, strict=True):
            if outcome is not None:
                await self._park(connection, r.id, outcome)
        telemetry.OUTBOX_RELAYED.inc(len(sent))
        return len(found)

    async def _park(self, connection: AsyncConnection, row_id: int, refused: Refused) -> None:
        log.error("outbox_row_parked", id=row_id, error=str(refused))
        await connection.execute(
            update(OutboxRow)
            .where(OutboxRow.id == row_id)
            .values(parked_at=datetime.now(UTC), error=func.left(str(refused), 2000))
        )
