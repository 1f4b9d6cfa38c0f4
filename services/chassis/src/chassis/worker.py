"""The worker process: relay, consumers and timers in one task group, stopped cleanly by SIGTERM or SIGINT."""

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping
from typing import Generic, TypeVar

import structlog

from chassis.health import beat, watched

log = structlog.get_logger()
Key = TypeVar("Key", bound=Hashable)
Task = Callable[[asyncio.Event], Awaitable[None]]
FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 5.0
SOON_SECONDS = 30.0
SOON_PAUSE_SECONDS = 1.0
"""A resource that a task needs is usually available again within seconds, and an attempt costs little: during this time
there is one attempt a second."""

STEADY_SECONDS = 30.0


def every(seconds: float, action: Callable[[], Awaitable[None]]) -> Task:
    """A timer: run `action`, wait, repeat."""

    async def loop(stop: asyncio.Event) -> None:
        while not stop.is_set():
            await action()
            await pause(stop, seconds)

    return loop


class Retries(Generic[Key]):
    """Failed items, each with a pause that doubles while it keeps failing. Stored in memory: a new process retries
    all."""

    def __init__(
        self, first_seconds: float = 1.0, longest_seconds: float = 60.0, now: Callable[[], float] = time.monotonic
    ) -> None:
        self.first_seconds = first_seconds
        self.longest_seconds = longest_seconds
        self._now = now
        self._failed: dict[Key, tuple[float, float]] = {}

    def later(self) -> list[Key]:
        """The items that must not be retried yet. An item that was not retried for long after its pause is dropped."""
        now = self._now()
        self._failed = {key: known for key, known in self._failed.items() if known[1] + self.longest_seconds > now}
        return [key for key, (_, again_at) in self._failed.items() if again_at > now]

    def postpone(self, key: Key) -> float:
        """Record a failure; returns the seconds until the next attempt."""
        before, _ = self._failed.get(key, (0.0, 0.0))
        seconds = min(before * 2, self.longest_seconds) if before else self.first_seconds
        self._failed[key] = (seconds, self._now() + seconds)
        return seconds

    def forget(self, key: Key) -> None:
        """Record a success."""
        self._failed.pop(key, None)


async def each_alone(
    items: Iterable[Key], act: Callable[[Key], Awaitable[object]], retries: Retries[Key] | None = None
) -> None:
    """Run `act` for every item. A failing item is reported, is retried in the next round, and does not block others.

    With `retries` it pauses first; the caller must leave out the items of `Retries.later`.
    """
    for item in items:
        beat()
        try:
            await act(item)
        except Exception:
            again = {"again_in_seconds": retries.postpone(item)} if retries else {}
            log.exception("item_failed", item=str(item), **again)
        else:
            if retries:
                retries.forget(item)


class AtOnce(Generic[Key]):
    """Runs `act` for items side by side, at most `most`, and never twice at once for the same item.

    A failing item is reported, and does not block others.
    """

    def __init__(self, act: Callable[[Key], Awaitable[object]], most: int) -> None:
        self.act, self.most = act, most
        self._running: dict[Key, asyncio.Task[None]] = {}

    def begin(self, items: Iterable[Key]) -> bool:
        """Begin what is not running yet, as far as there is room; answer whether anything runs."""
        self._running = {item: task for item, task in self._running.items() if not task.done()}
        for item in items:
            if item not in self._running and len(self._running) < self.most:
                self._running[item] = asyncio.create_task(self.alone(item))
        return bool(self._running)

    async def alone(self, item: Key) -> None:
        """Run `act` for one item."""
        try:
            await self.act(item)
        except Exception:
            log.exception("item_failed", item=str(item))

    async def end(self, patience_seconds: float = 0.0) -> None:
        """Wait for what runs, then cancel it."""
        late: Iterable[asyncio.Task[None]] = self._running.values()
        if self._running and patience_seconds:
            _, late = await asyncio.wait(self._running.values(), timeout=patience_seconds)
        for task in late:
            task.cancel()


async def pause(stop: asyncio.Event, seconds: float, *sooner: asyncio.Event) -> None:
    """Sleep until the timeout, the stop of the process, or one of the other events. Records heartbeats while it
    sleeps."""
    beat(seconds)
    try:
        await asyncio.wait_for(any_of(stop, *sooner), timeout=seconds)
    except TimeoutError:
        return


async def any_of(*events: asyncio.Event) -> None:
    """Wait until one of the events is set."""
    waiting = [asyncio.create_task(event.wait()) for event in events]
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for each in waiting:
            each.cancel()


async def supervised(name: str, task: Task, stop: asyncio.Event) -> None:
    """Run a task until `stop`; when it fails or returns, report it and start it again with growing pauses."""
    own = watched(name)
    now = asyncio.get_running_loop().time
    wait, steady_at = FIRST_PAUSE_SECONDS, now()
    while not stop.is_set():
        began = now()
        own.starts()
        try:
            await task(stop)
        except Exception as error:
            own.fails(error)
        if now() - began > STEADY_SECONDS:
            wait, steady_at = FIRST_PAUSE_SECONDS, now()
        await pause(stop, wait)
        wait = next_pause(wait, now() - steady_at)


def next_pause(seconds: float, failing_seconds: float) -> float:
    """The next pause, after failures for this time."""
    longest = SOON_PAUSE_SECONDS if failing_seconds < SOON_SECONDS else LONGEST_PAUSE_SECONDS
    return min(seconds * 2, longest)


async def run(tasks: Mapping[str, Task], stop: asyncio.Event | None = None) -> None:
    """Run all tasks until a signal arrives, then let each finish its current batch."""
    stop = stop or asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    log.info("worker_started", tasks=sorted(tasks))
    async with asyncio.TaskGroup() as group:
        for name, task in tasks.items():
            group.create_task(supervised(name, task, stop), name=name)
    log.info("worker_stopped")
