"""Wakes the tasks of a worker as soon as a transaction of its service has committed an event.

A trigger on `outbox` notifies the channel of the same name; one connection of each worker listens. Tasks that are
idle look at once when they are woken, once a second soon after it, and every half minute when the service has been
quiet for long. While the connection is broken they poll.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from chassis import connection
from chassis.health import watched
from chassis.worker import Task, pause

log = structlog.get_logger()
CHANNEL = "outbox"
NOTIFY = text(f"select pg_notify('{CHANNEL}', '')")
IDLE_SECONDS = 1.0
LONGEST_IDLE_SECONDS = 30.0
"""Reached two minutes after the last notification."""

RETRY_SECONDS = 1.0
PROBE_SECONDS = 5.0
"""A connection can break without a word: then only a statement notices."""

TRIGGER = (
    f"""
    create or replace function outbox_written() returns trigger language plpgsql as
    $$ begin perform pg_notify('{CHANNEL}', ''); return null; end $$
    """,
    """
    create or replace trigger outbox_written after insert on outbox
    for each statement execute function outbox_written()
    """,
)
"""The statements that `migrate` runs after the last version. A transaction notifies once, for any number of writes."""


async def notify(session: AsyncSession) -> None:
    """Wake the worker when this transaction commits, though it writes no event."""
    await session.execute(NOTIFY)


class Wakeup:
    """Counts notifications. `count` is taken before a task looks for work; `wait` returns when there is a later one."""

    def __init__(self) -> None:
        self.count = 0
        self.listening = False
        self._woken_at = time.monotonic()
        self._next = asyncio.Event()

    def wake(self, *_: Any) -> None:
        """Wake all tasks that wait."""
        self.count += 1
        self._woken_at = time.monotonic()
        self._next.set()
        self._next = asyncio.Event()

    async def wait(self, stop: asyncio.Event, count: int, polling_seconds: float) -> None:
        """Return at the next notification after `count`, at `stop`, or at the next poll.

        The poll is after one to thirty seconds, or after `polling_seconds` while there is no listening connection.
        """
        if self.count == count:
            await pause(stop, self._idle_seconds() if self.listening else polling_seconds, self._next)

    def _idle_seconds(self) -> float:
        """A quarter of the time since the last notification: what was postponed a moment ago is looked at soon."""
        return max(IDLE_SECONDS, min((time.monotonic() - self._woken_at) / 4, LONGEST_IDLE_SECONDS))

    def listen(self, url: str, service: str) -> Task:
        """The task that listens, and connects again when the connection breaks."""

        async def run(stop: asyncio.Event) -> None:
            watched("wakeup")
            while not stop.is_set():
                try:
                    await self._listen(url, service, stop)
                except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                    log.warning("wakeup_connection_lost", error=repr(error))
                finally:
                    self.listening = False
                await pause(stop, RETRY_SECONDS)

        return run

    async def _listen(self, url: str, service: str, stop: asyncio.Event) -> None:
        settings = {"role": f"{service}_worker", "application_name": f"{service}-wakeup"}
        listener = await connection.connect(url, settings, PROBE_SECONDS)
        try:
            await listener.add_listener(CHANNEL, self.wake)
            self.listening = True
            self.wake()  # For what was committed before.
            while not stop.is_set():
                await listener.execute("select 1")
                await pause(stop, PROBE_SECONDS)
        finally:
            listener.terminate()


def woken(wakeup: Wakeup, seconds: float, action: Callable[[], Awaitable[None]]) -> Task:
    """Run `action` when an event has been committed, at most once in `seconds`, and at the polls of `Wakeup.wait`."""

    async def loop(stop: asyncio.Event) -> None:
        while not stop.is_set():
            count = wakeup.count
            await action()
            await pause(stop, seconds)
            await wakeup.wait(stop, count, polling_seconds=0)

    return loop
