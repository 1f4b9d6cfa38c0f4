"""Waiting for new events of a tenant without a transaction, for long polls and streams.

One task per tenant reads the tenant's head for all waiting callers; without waiting callers nothing is read.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

import structlog
from localisation import Counted

from chassis import outbox
from chassis.db import Sessions, transaction
from chassis.errors import Unavailable

log = structlog.get_logger()
LOOK_SECONDS = 0.2
AWAY_SECONDS = 2.0
MOST_LISTENERS = 1000


class TooManyListeners(Unavailable):
    code = "too-many-listeners"
    title = "Too many callers are waiting for events in this process"
    detail = Counted(
        "{listeners} caller is waiting already.", "{listeners} callers are waiting already.", by="listeners"
    )
    hint = "Call without `wait`, or again after `Retry-After` seconds."


@dataclass
class _Watch:
    """The head of one tenant as last read, and the number of callers waiting for a greater one."""

    head: int = 0
    listeners: int = 0
    moved: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None


class Arrivals:
    """The waiting callers of one process."""

    def __init__(self) -> None:
        self._watches: dict[UUID, _Watch] = {}
        self._listeners = 0

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Count one waiting caller for the duration of the block. Raises `TooManyListeners`."""
        if self._listeners >= MOST_LISTENERS:
            raise TooManyListeners(listeners=self._listeners, retry_after_seconds=5)
        self._listeners += 1
        try:
            yield
        finally:
            self._listeners -= 1

    async def beyond(self, sessions: Sessions, tenant: UUID, position: int, seconds: float) -> bool:
        """Whether there is an event behind the position; returns at once when there is, else after the timeout."""
        watch = self._watches.setdefault(tenant, _Watch())
        watch.listeners += 1
        if watch.task is None:
            watch.task = asyncio.create_task(self._look(sessions, tenant, watch))
        try:
            async with asyncio.timeout(seconds):
                while watch.head <= position:
                    await watch.moved.wait()
        except TimeoutError:
            return False
        finally:
            watch.listeners -= 1
        return True

    async def _look(self, sessions: Sessions, tenant: UUID, watch: _Watch) -> None:
        try:
            while watch.listeners:
                try:
                    async with transaction(sessions, tenant) as session:
                        head = await outbox.head(session)
                except Exception as error:  # Waiting callers are answered at their timeout, and call again.
                    log.warning("head_unread", tenant=str(tenant), error=repr(error))
                    await asyncio.sleep(AWAY_SECONDS)
                    continue
                if head > watch.head:
                    watch.head = head
                    watch.moved.set()
                    watch.moved = asyncio.Event()
                await asyncio.sleep(LOOK_SECONDS)
        finally:
            self._watches.pop(tenant, None)
