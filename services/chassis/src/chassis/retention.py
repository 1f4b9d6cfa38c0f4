"""Retention: temporary rows are removed when they are older than `RETENTION_DAYS`.

Each batch is a transaction of its own with one statement, which reads a bounded number of rows: no lock is held for
long, and a crash repeats only the batch. A table whose batch fails is retried an hour later.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from sqlalchemy import text

from chassis import clock
from chassis.db import Sessions, transaction
from chassis.health import beat
from chassis.worker import Task, each_alone, pause

log = structlog.get_logger()
ROUND_SECONDS = 3600.0
BATCH = 5000


@dataclass(frozen=True)
class Expiry:
    """The retention of one table.

    `statement` processes one batch: its parameters are `:before` (older rows expire), `:batch` rows and `:after`; it
    returns the number of `removed` rows and the `:after` of the `next` batch: 0 at first, null when there is no other.
    """

    table: str
    statement: str = field(repr=False)

    async def remove(self, sessions: Sessions, before: datetime, stop: asyncio.Event, batch: int = BATCH) -> int:
        """Remove expired rows, batch by batch, until none is left or the process stops; returns their number."""
        after: int | None = 0
        removed = 0
        while after is not None and not stop.is_set():
            beat()
            async with transaction(sessions) as session:
                limits = {"before": before, "batch": batch, "after": after}
                done = (await session.execute(text(self.statement), limits)).one()
            after, removed = done.next, removed + done.removed
        if removed:
            log.info("expired_rows_removed", table=self.table, rows=removed, before=before.isoformat())
        return removed


SENT = Expiry(
    "outbox_sent",
    """
    with looked_at as (
        select position, tenant_id, topic, key, sent_at from outbox_sent
        where position > :after order by position limit :batch
    ), gone as (
        delete from outbox_sent using looked_at old
        where outbox_sent.position = old.position and old.sent_at < :before
          and exists (
              select from outbox_sent newer
              where newer.topic = old.topic and newer.key = old.key and newer.position > old.position
                and newer.tenant_id = old.tenant_id
          )
        returning old.tenant_id, old.position
    ), noted as (
        insert into outbox_removed (tenant_id, position)
        select tenant_id, max(position) from gone group by tenant_id order by tenant_id
        on conflict (tenant_id) do update set position = greatest(outbox_removed.position, excluded.position)
    )
    select (select count(*) from gone) as removed, max(position) filter (where sent_at < :before) as next from looked_at
    """,
)
"""The newest event of each topic and key is never removed: new logs are filled from it. Neither is the greatest
position."""

IDEMPOTENCY_KEYS = Expiry(
    "idempotency_keys",
    """
    with gone as (
        delete from idempotency_keys where digest in (
            select digest from idempotency_keys where created_at < :before order by created_at limit :batch
        ) returning digest
    )
    select count(*) as removed, case when count(*) = :batch then 0 end as next from gone
    """,
)


def keeping(sessions: Sessions, more: Sequence[Expiry], days: int) -> Task:
    """The worker's task: once an hour, remove older rows from the tables of the chassis and from these."""

    async def once(stop: asyncio.Event) -> None:
        before = clock.now() - timedelta(days=days)
        await each_alone((SENT, IDEMPOTENCY_KEYS, *more), lambda expiry: expiry.remove(sessions, before, stop))

    async def run(stop: asyncio.Event) -> None:
        while not stop.is_set():
            await once(stop)
            await pause(stop, ROUND_SECONDS)

    return run
