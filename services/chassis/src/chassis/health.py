"""How a worker fares: each of its tasks beats as it goes round, and a row for each tells it to the API.

A process that is stopped, or whose event loop is blocked, writes no row: that is how the others notice it. A task that
hangs writes none of its own beats, and the rest of its process says so.
"""

import math
import time
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import structlog
from sqlalchemy import Column, DateTime, Table, Text, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from chassis import clock, telemetry
from chassis.db import Base, storable

log = structlog.get_logger()
BEAT_SECONDS = 1.0
SILENT_SECONDS = 8.0
"""Without a beat for so long, a worker is taken to be stopped."""

PATIENCE_SECONDS = 60.0
"""What one round of a task may take."""

STEADY_SECONDS = 5.0
"""A task that failed works again when it has gone round for so long."""

TOLERATED_SECONDS = 10.0
"""A task that failed and goes on within this time is no reason to call the service unready."""

WAITING_SECONDS = 30.0
"""How long an event may wait for the broker before the service is called unready."""

BROKER = "broker"

TASKS = Table(
    "worker_tasks",
    Base.metadata,
    Column("name", Text, primary_key=True),
    Column("beat_at", DateTime(timezone=True), nullable=False),
    Column("since", DateTime(timezone=True)),
    Column("reason", Text),
)
"""One row a task of the worker, and one for the broker. `since` and `reason` are empty while all is well."""

BEAT = text("""
    with gone as (delete from worker_tasks where name <> all(cast(:names as text[])))
    insert into worker_tasks (name, beat_at, since, reason)
    select name, clock_timestamp(), since, reason
    from unnest(cast(:names as text[]), cast(:since as timestamptz[]), cast(:reasons as text[]))
        as n(name, since, reason)
    where set_config('synchronous_commit', 'off', true) is not null
    on conflict (name) do update set beat_at = excluded.beat_at, since = excluded.since, reason = excluded.reason
    """)
OLDEST_UNSENT = text("select created_at from outbox_oldest")
"""A view of one row and one column, so that a process that sees one tenant can ask for all of them."""


class Trouble(NamedTuple):
    """Something that does not move, since when, and why as far as anybody may know."""

    name: str
    since: datetime | None
    reason: str


@dataclass
class Vital:
    """One task of this process, or something it stands on; reported once when it fails and once when it is back."""

    name: str
    due: float = math.inf
    since: datetime | None = None
    reason: str | None = None
    failures: int = 0
    _failed_at: float = field(default=-math.inf, repr=False)

    def beat(self, seconds: float = 0.0) -> None:
        """It moves, and may be quiet for these seconds beside the usual."""
        self.due = time.monotonic() + seconds + PATIENCE_SECONDS
        self.recovers(after_seconds=STEADY_SECONDS)

    def starts(self) -> None:
        """It begins, perhaps again: that it works must show first."""
        self._failed_at = time.monotonic()

    def note(self, reason: str) -> bool:
        """It does not work; answer whether that is news."""
        self.failures += 1
        self._failed_at = time.monotonic()
        telemetry.TASK_FAILURES.labels(self.name).inc()
        self.reason, news = reason, self.since is None
        self.since = self.since or clock.now()
        return news

    def clear(self) -> None:
        """It works."""
        self.since = self.reason = None
        self.failures = 0

    def fails(self, error: Exception | str, **facts: Any) -> None:
        """It does not work. Only the first failure of a row of them is logged, with its trace."""
        if self.note(error if isinstance(error, str) else type(error).__name__):
            trace = error if isinstance(error, Exception) else None
            log.error("failing", what=self.name, reason=self.reason, exc_info=trace, **facts)

    def recovers(self, after_seconds: float = 0.0) -> None:
        """It works again, and has for these seconds."""
        if self.since is not None and time.monotonic() - self._failed_at >= after_seconds:
            lasted = round((clock.now() - self.since).total_seconds(), 1)
            log.warning("recovered", what=self.name, reason=self.reason, failures=self.failures, seconds=lasted)
            self.clear()

    def trouble(self) -> Trouble | None:
        """What is wrong with it now."""
        silent = time.monotonic() - self.due
        if silent > 0:
            return Trouble(self.name, clock.now() - timedelta(seconds=silent), "it does not move")
        return Trouble(self.name, self.since, self.reason or "") if self.since else None


_vitals: dict[str, Vital] = {}
_own: ContextVar[Vital | None] = ContextVar("vital", default=None)


def vital(name: str) -> Vital:
    """What this process knows of a task, or of something it stands on."""
    return _vitals.setdefault(name, Vital(name))


def watched(name: str) -> Vital:
    """The task that begins here; `beat` in it and in what it starts is its beat."""
    own = vital(name)
    own.beat()
    _own.set(own)
    return own


def beat(seconds: float = 0.0) -> None:
    """The running task moves, and may be quiet for these seconds beside the usual."""
    if (own := _own.get()) is not None:
        own.beat(seconds)


def failing(error: Exception | str, **facts: Any) -> None:
    """The running task does not get on."""
    if (own := _own.get()) is not None:
        own.fails(error, **facts)


async def write(session: AsyncSession) -> None:
    """Tell the other processes how every task of this one fares, in one statement."""
    names = sorted(_vitals)
    troubles = [_vitals[name].trouble() for name in names]
    reasons = [trouble and storable(trouble.reason)[:500] for trouble in troubles]
    since = [trouble and trouble.since for trouble in troubles]
    await session.execute(BEAT, {"names": names, "since": since, "reasons": reasons})


async def worker_troubles(session: AsyncSession) -> list[Trouble]:
    """What does not move in the worker, by what it last said; that it is silent comes before all else."""
    rows = (await session.execute(select(TASKS, func.clock_timestamp().label("now")).order_by(TASKS.c.name))).all()
    if not rows:
        return [Trouble("worker", None, "it has not run yet")]
    last, now = max(row.beat_at for row in rows), rows[0].now
    if now - last > timedelta(seconds=SILENT_SECONDS):
        return [Trouble("worker", last, "it does not answer")]
    tolerated = now - timedelta(seconds=TOLERATED_SECONDS)
    return [Trouble(row.name, row.since, row.reason) for row in rows if row.since and row.since < tolerated]


async def oldest_unsent(session: AsyncSession) -> datetime | None:
    """When the oldest event was written that waits for the broker, of whatever tenant."""
    oldest: datetime | None = await session.scalar(OLDEST_UNSENT)
    return oldest


async def outbox_troubles(session: AsyncSession) -> list[Trouble]:
    """Whether events wait longer than they should."""
    oldest = await oldest_unsent(session)
    if oldest is None or clock.now() - oldest < timedelta(seconds=WAITING_SECONDS):
        return []
    return [Trouble("outbox", oldest, "events wait for the broker")]
