"""The health of a worker: each task records a heartbeat on every iteration, and a row per task publishes it to the API.

A process that is stopped, or whose event loop is blocked, writes no row, so its rows become old. A task that hangs
records no heartbeat, and the rest of its process writes this to its row.
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
BEAT_SECONDS = 2.0
SILENT_SECONDS = 8.0
"""A worker without a heartbeat for this time counts as stopped."""

PATIENCE_SECONDS = 60.0
"""The time limit of one iteration of a task."""

STEADY_SECONDS = 5.0
"""A task that failed counts as recovered after running for this time."""

TOLERATED_SECONDS = 10.0
"""A failure of a task that ends within this time does not fail readiness."""

WAITING_SECONDS = 30.0
"""The time that an event may wait for the broker before readiness fails."""

BROKER = "broker"

TASKS = Table(
    "worker_tasks",
    Base.metadata,
    Column("name", Text, primary_key=True),
    Column("beat_at", DateTime(timezone=True), nullable=False),
    Column("since", DateTime(timezone=True)),
    Column("reason", Text),
)
"""One row per task of the worker, and one for the broker. `since` and `reason` are empty while there is no failure."""

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
"""A view of one row and one column, so that a process limited to one tenant can read the oldest event of all."""


class Trouble(NamedTuple):
    """A stalled part, since when, and the reason if it may be shown."""

    name: str
    since: datetime | None
    reason: str


@dataclass
class Vital:
    """The state of one task of this process, or of a resource it needs; logged once when it fails and once when it
    recovers."""

    name: str
    due: float = math.inf
    since: datetime | None = None
    reason: str | None = None
    failures: int = 0
    _failed_at: float = field(default=-math.inf, repr=False)

    def beat(self, seconds: float = 0.0) -> None:
        """Record a heartbeat; the next one may take these seconds longer than usual."""
        self.due = time.monotonic() + seconds + PATIENCE_SECONDS
        self.recovers(after_seconds=STEADY_SECONDS)

    def starts(self) -> None:
        """Record a start or restart: the task does not yet count as recovered."""
        self._failed_at = time.monotonic()

    def note(self, reason: str) -> bool:
        """Record a failure; returns whether it is new."""
        self.failures += 1
        self._failed_at = time.monotonic()
        telemetry.TASK_FAILURES.labels(self.name).inc()
        self.reason, news = reason, self.since is None
        self.since = self.since or clock.now()
        return news

    def clear(self) -> None:
        """Record that there is no failure."""
        self.since = self.reason = None
        self.failures = 0

    def fails(self, error: Exception | str, **facts: Any) -> None:
        """Record a failure. Only the first of consecutive failures is logged, with its traceback."""
        if self.note(error if isinstance(error, str) else type(error).__name__):
            trace = error if isinstance(error, Exception) else None
            log.error("failing", what=self.name, reason=self.reason, exc_info=trace, **facts)

    def recovers(self, after_seconds: float = 0.0) -> None:
        """Record a success; the task counts as recovered after these seconds."""
        if self.since is not None and time.monotonic() - self._failed_at >= after_seconds:
            lasted = round((clock.now() - self.since).total_seconds(), 1)
            log.warning("recovered", what=self.name, reason=self.reason, failures=self.failures, seconds=lasted)
            self.clear()

    def trouble(self) -> Trouble | None:
        """The current failure."""
        silent = time.monotonic() - self.due
        if silent > 0:
            return Trouble(self.name, clock.now() - timedelta(seconds=silent), "the task makes no progress")
        return Trouble(self.name, self.since, self.reason or "") if self.since else None


_vitals: dict[str, Vital] = {}
_own: ContextVar[Vital | None] = ContextVar("vital", default=None)


def vital(name: str) -> Vital:
    """The state of a task of this process, or of a resource it needs."""
    return _vitals.setdefault(name, Vital(name))


def forget(name: str) -> None:
    """Remove the state of a task that has ended for good."""
    _vitals.pop(name, None)


def watched(name: str) -> Vital:
    """Start the state of the current task; `beat` in it and in its child tasks records its heartbeat."""
    own = vital(name)
    own.beat()
    _own.set(own)
    return own


def beat(seconds: float = 0.0) -> None:
    """Record a heartbeat of the running task; the next one may take these seconds longer than usual."""
    if (own := _own.get()) is not None:
        own.beat(seconds)


def failing(error: Exception | str, **facts: Any) -> None:
    """Record a failure of the running task."""
    if (own := _own.get()) is not None:
        own.fails(error, **facts)


async def write(session: AsyncSession) -> None:
    """Write the state of every task of this process for other processes, in one statement."""
    names = sorted(_vitals)
    troubles = [_vitals[name].trouble() for name in names]
    reasons = [trouble and storable(trouble.reason)[:500] for trouble in troubles]
    since = [trouble and trouble.since for trouble in troubles]
    await session.execute(BEAT, {"names": names, "since": since, "reasons": reasons})


async def worker_troubles(session: AsyncSession) -> list[Trouble]:
    """The stalled tasks of the worker, by their last rows; a worker without recent rows is reported first."""
    rows = (await session.execute(select(TASKS, func.clock_timestamp().label("now")).order_by(TASKS.c.name))).all()
    if not rows:
        return [Trouble("worker", None, "it has not run yet")]
    last, now = max(row.beat_at for row in rows), rows[0].now
    if now - last > timedelta(seconds=SILENT_SECONDS):
        return [Trouble("worker", last, "it does not answer")]
    tolerated = now - timedelta(seconds=TOLERATED_SECONDS)
    return [Trouble(row.name, row.since, row.reason) for row in rows if row.since and row.since < tolerated]


async def oldest_unsent(session: AsyncSession) -> datetime | None:
    """The time of the oldest event that waits for the broker, over all tenants."""
    oldest: datetime | None = await session.scalar(OLDEST_UNSENT)
    return oldest


async def outbox_troubles(session: AsyncSession) -> list[Trouble]:
    """Whether events wait longer than the limit."""
    oldest = await oldest_unsent(session)
    if oldest is None or clock.now() - oldest < timedelta(seconds=WAITING_SECONDS):
        return []
    return [Trouble("outbox", oldest, "events are waiting for the broker")]
