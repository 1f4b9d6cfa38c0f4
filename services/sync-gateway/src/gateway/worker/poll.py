"""One cheap look at the database for all that people ask of the worker. Without it every task would look by itself."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable

from chassis.health import beat
from chassis.worker import pause
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from gateway.store.deliveries import UNSETTLED

FIRST_SECONDS = 0.02
LONGEST_SECONDS = 1.0

LOOK = text(f"""
    select exists (select from quarantine where state = 'replaying') as replaying,
        exists (select from pauses where resumed_at is not null) as resumed,
        array(select name from systems where paused_at is not null) as paused,
        array(select name from systems where restored_at is not null) as restored,
        array(
            select name from systems where paused_at is null and exists (
                select from deliveries where system = systems.name and {UNSETTLED} and due_at <= now()
                    and (leased_until is null or leased_until < now()))
        ) as overdue,
        (select number from system_changes) as changes
    """)  # noqa: S608  (constants only)


class Poll:
    """What was found last. Who waits for an event clears it before acting. `overdue` is called with each system with
    due deliveries that nobody has leased.

    The pause between two looks doubles up to a second while nothing new is found.
    """

    def __init__(self, systems: Iterable[str], overdue: Callable[[str], None] = lambda _: None) -> None:
        self.overdue = overdue
        self.replaying = asyncio.Event()
        self.resumed = asyncio.Event()
        self.restored: dict[str, asyncio.Event] = defaultdict(asyncio.Event, {n: asyncio.Event() for n in systems})
        self.paused: set[str] = set()
        self.looked = asyncio.Event()
        self.pauses_changed = asyncio.Event()
        self.registered = asyncio.Event()
        self.topics_changed = asyncio.Event()
        self._changes = 0

    async def run(self, engine: AsyncEngine, stop: asyncio.Event) -> None:
        """Look until `stop`."""
        seconds, before = FIRST_SECONDS, False
        while not stop.is_set():
            beat()
            found = await self.look(engine)
            # What cannot be merged is found again and again.
            seconds = FIRST_SECONDS if found and not before else min(2 * seconds, LONGEST_SECONDS)
            before = found
            await pause(stop, seconds)

    async def look(self, engine: AsyncEngine) -> bool:
        """Look once, in one statement without a transaction; tell whether there is something to merge."""
        async with engine.connect() as connection:
            at_once = await connection.execution_options(isolation_level="AUTOCOMMIT")
            found = (await at_once.execute(LOOK)).one()
        if found.replaying:
            self.replaying.set()
        if found.resumed:
            self.resumed.set()
        for name in found.overdue:
            self.overdue(name)
        for name in self.restored.keys() & set(found.restored):
            self.restored[name].set()
        if self.paused != set(found.paused):
            self.paused = set(found.paused)
            self.pauses_changed.set()
        if self._changes != found.changes:
            self._changes = found.changes
            self.registered.set()
            self.topics_changed.set()
        self.looked.set()
        return bool(found.replaying or found.resumed)
