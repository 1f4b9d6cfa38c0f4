"""The relay: outbox row -> Kafka -> `outbox_sent`, in order, one relay at a time.

A row is retried as long as it is in the outbox. While the broker is unavailable the relay retries without limit; a row
that the broker refuses permanently is parked, counted and reported, and does not block other rows.
"""

import asyncio
import time
from collections.abc import Container, Sequence

import structlog
import tracing
from adjustments.statements import Statement
from opentelemetry.trace import SpanKind
from sqlalchemy import func, text, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from chassis import clock, telemetry
from chassis.bus import BrokerAway, Producer, Reach, Refused
from chassis.health import beat
from chassis.outbox import BATCH_BYTES, COLUMNS, OutboxRow, Waiting, batch_of, message_of
from chassis.resend import Resending
from chassis.wakeup import Wakeup
from chassis.worker import pause

log = structlog.get_logger()
LOCK = "select pg_try_advisory_lock(hashtext('outbox relay'))"
MOVE = Statement(
    f"""
    with gone as (delete from outbox where id = any(:ids) returning id, {COLUMNS})
    insert into outbox_sent (position, {COLUMNS})
    select coalesce((select max(position) from outbox_sent), 0) + row_number() over (order by id), {COLUMNS} from gone
    """  # noqa: S608  (constants only)
)


class Relay:
    """Sends the events of the outbox to the broker, and resends requested ones.

    A commit wakes it (`chassis.wakeup`); without a listener it polls. An event of a topic that is not `announced` any
    more (an earlier version wrote it) is parked: the topic may not exist on the broker.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        producer: Producer,
        poll_seconds: float = 0.015,
        batch: int = 500,
        announced: Container[str] | None = None,
        wakeup: Wakeup | None = None,
    ) -> None:
        self.engine = engine
        self.wakeup = wakeup or Wakeup()
        self.producer = producer
        self.announced = announced
        self.poll_seconds = poll_seconds
        self.batch = batch
        self._waiting = Statement(batch_of(OutboxRow, OutboxRow.id, OutboxRow.parked_at.is_(None), limit=batch))
        self._more = False
        self.resending = Resending(producer)
        self.reach = Reach("relay")

    async def run(self, stop: asyncio.Event) -> None:
        """Relay while this process holds the lock; a second relay waits for it."""
        try:
            while not stop.is_set():
                # Every statement here is its own transaction: an idle poll is one round trip, not three.
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
                beat()
                count = self.wakeup.count
                try:
                    moved = await self.step(connection)
                    resent = await self.resending.step(connection)
                except BrokerAway as error:
                    self.reach.lost(error)
                    await pause(stop, 1)
                    continue
                if moved:
                    self.reach.back()
                # Whatever is committed after the last look wakes this task.
                if resent == 0 and not (self._more if self.wakeup.listening else moved):
                    await self.wakeup.wait(stop, count, self.poll_seconds)
        finally:
            # The lock belongs to the connection: closing it, not returning it to the pool, releases the lock for the
            # next relay.
            await connection.invalidate()

    async def step(self, connection: AsyncConnection) -> int:
        """Send one batch; returns the number of processed rows. The rows stay until the broker has acknowledged
        them."""
        found = [Waiting(*row) for row in await self._waiting.fetch_on(connection, {})]
        self._more = len(found) == self.batch or sum(len(row.data) for row in found) >= BATCH_BYTES
        if not found:
            return 0
        began = time.time_ns()
        outcomes = await self._send(found)
        sent = [r.place for r, outcome in zip(found, outcomes, strict=True) if outcome is None]
        await MOVE.fetch_on(connection, {"ids": sent})
        for r, outcome in zip(found, outcomes, strict=True):
            if outcome is not None:
                await self._park(connection, r.place, outcome)
        telemetry.OUTBOX_RELAYED.inc(len(sent))
        _report(found, outcomes, began)
        return len(found)

    async def _send(self, rows: Sequence[Waiting]) -> list[Refused | None]:
        sendable = [self.announced is None or row.topic in self.announced for row in rows]
        messages = [message_of(row) for row, known in zip(rows, sendable, strict=True) if known]
        outcomes = iter(await self.producer.send(messages) if messages else ())
        gone = Refused("This version of the service does not announce the topic.")
        return [next(outcomes) if known else gone for known in sendable]

    async def _park(self, connection: AsyncConnection, row_id: int, refused: Refused) -> None:
        log.error("outbox_row_parked", id=row_id, error=str(refused))
        await connection.execute(
            update(OutboxRow)
            .where(OutboxRow.id == row_id)
            .values(parked_at=clock.now(), error=func.left(str(refused), 2000))
        )


def _report(rows: Sequence[Waiting], outcomes: Sequence[Refused | None], began: int) -> None:
    for row, outcome in zip(rows, outcomes, strict=True):
        if outcome is None:
            known = {"event_id": row.attributes.get("id"), "correlation_id": row.attributes.get("correlationid")}
            log.debug("event_relayed", topic=row.topic, key=row.key, **known)
            parent = row.attributes.get("traceparent")
            tracing.record(f"publish {row.topic}", SpanKind.PRODUCER, parent, began, {"topic": row.topic})
