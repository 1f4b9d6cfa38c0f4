"""The measurements. Visible means: a SELECT on the other side's database, asked every 2 ms, finds the value."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import quantiles
from typing import Any
from uuid import uuid4

import psutil
from stack.services import Stack

from .chains import Chain, ManyChain

LOOK_SECONDS = 0.002
PATIENCE_SECONDS = 60
HEARD_SECONDS = 1.5
"""An author hears of its edit after a second."""

UNDER_WAY = "select exists (select from deliveries where state = 'pending' or leased_until is not null)"


@dataclass
class Times:
    """Seconds of each edit: until the writer had the answer, and until the value was seen on the other side."""

    answered: list[float] = field(default_factory=list)
    visible: list[float] = field(default_factory=list)

    def milliseconds(self, percent: int) -> tuple[float, float]:
        """One percentile of both."""
        cuts = [quantiles(seconds, n=100, method="inclusive") for seconds in (self.answered, self.visible)]
        return 1000 * cuts[0][percent - 1], 1000 * cuts[1][percent - 1]


class Watch:
    """Looks for marks on the other side."""

    def __init__(self, chain: Chain) -> None:
        self.chain = chain

    async def seen(self, wanted: Sequence[str]) -> set[str]:
        found = await self.chain.there.fetch(self.chain.seen, list(wanted))
        return {row["mark"] for row in found}

    async def until(self, wanted: Sequence[str]) -> None:
        """Return when all are there; fail after a minute."""
        end = time.perf_counter() + PATIENCE_SECONDS
        while len(await self.seen(wanted)) < len(wanted):
            if time.perf_counter() > end:
                raise TimeoutError(f"{self.chain.name}: edits did not arrive within {PATIENCE_SECONDS} s")
            await asyncio.sleep(LOOK_SECONDS)


def marks(count: int) -> list[str]:
    """E-mails that were never used."""
    mark = uuid4().hex[:8]
    return [f"{mark}-{number}@example.com" for number in range(count)]


async def alone(chains: Sequence[Chain], edits: int, records: int, rest_seconds: float = 0.15) -> dict[str, Times]:
    """One edit at a time, the chains in turn: each edit waits until the last one was seen and all is quiet."""
    results = {chain.name: Times() for chain in chains}
    for number in range(edits):
        for chain in chains:
            (mark,) = marks(1)
            began = time.perf_counter()
            await chain.edit(number % records, mark)
            results[chain.name].answered.append(time.perf_counter() - began)
            await Watch(chain).until([mark])
            results[chain.name].visible.append(time.perf_counter() - began)
            await asyncio.sleep(
                rest_seconds
            )  # The sender hears back last; nothing of this edit may reach into the next.
    return results


async def steady(
    chains: Sequence[Chain], rate: float, seconds: float, records: int, turns: int = 4
) -> dict[str, Times]:
    """A steady rate for some seconds on each chain, in turns, so that noise meets both."""
    results = {chain.name: Times() for chain in chains}
    for _ in range(turns):
        for chain in chains:
            await _stream(chain, rate, seconds / turns, records, results[chain.name])
            await asyncio.sleep(0.3)
    return results


async def at_rate(chain: Chain, rate: float, seconds: float, records: int) -> tuple[int, float]:
    """Edits at a steady rate, until their authors have heard of them; returns their number, and the seconds.

    The look comes seldom, because its processor time is that of the server.
    """
    began, times = time.perf_counter(), Times()
    await _stream(chain, rate, seconds, records, times, look_seconds=0.25)
    await asyncio.sleep(HEARD_SECONDS)
    return len(times.visible), time.perf_counter() - began


async def _stream(
    chain: Chain, rate: float, seconds: float, records: int, times: Times, look_seconds: float = LOOK_SECONDS
) -> None:
    waiting: dict[str, float] = {}
    finished = asyncio.Event()
    watching = asyncio.create_task(_watch(chain, waiting, finished, times, look_seconds))
    edits, start = int(rate * seconds), time.perf_counter()
    for number, mark in enumerate(marks(edits)):
        await asyncio.sleep(max(0.0, start + number / rate - time.perf_counter()))
        waiting[mark] = began = time.perf_counter()
        await chain.edit(number % records, mark)
        times.answered.append(time.perf_counter() - began)
    finished.set()
    await asyncio.wait_for(watching, PATIENCE_SECONDS)


async def crowd(chain: Chain, edits: int, records: int, at_once: int) -> tuple[float, Times]:
    """Edits by so many writers, each of whom goes on as soon as it has the answer; edits a second, until all are seen.

    The look comes every 20 ms: more often, it would take what it measures.
    """
    waiting: dict[str, float] = {}
    finished, times, start = asyncio.Event(), Times(), time.perf_counter()
    watching = asyncio.create_task(_watch(chain, waiting, finished, times, look_seconds=0.02))
    left = iter(enumerate(marks(edits)))

    async def write() -> None:
        for number, mark in left:
            waiting[mark] = began = time.perf_counter()
            await chain.edit(number % records, mark)
            times.answered.append(time.perf_counter() - began)

    async with asyncio.TaskGroup() as writers:
        for _ in range(at_once):
            writers.create_task(write())
    finished.set()
    await asyncio.wait_for(watching, PATIENCE_SECONDS)
    return edits / (time.perf_counter() - start), times


async def _watch(
    chain: Chain,
    waiting: dict[str, float],
    finished: asyncio.Event,
    times: Times,
    look_seconds: float = LOOK_SECONDS,
) -> None:
    watch = Watch(chain)
    while waiting or not finished.is_set():
        for mark in await watch.seen(list(waiting)) if waiting else ():
            times.visible.append(time.perf_counter() - waiting.pop(mark))
        await asyncio.sleep(look_seconds)


async def burst(chains: Sequence[ManyChain], edits: int) -> dict[str, float]:
    """Edits a second, from the first `:batch` until all are seen."""
    rates: dict[str, float] = {}
    for chain in chains:
        values, began = marks(edits), time.perf_counter()
        await chain.edit_many(values)
        while len(await Watch(chain).seen(values)) < edits:
            await asyncio.sleep(0.02)
            if time.perf_counter() > began + PATIENCE_SECONDS:
                raise TimeoutError(f"{chain.name}: edits did not arrive within {PATIENCE_SECONDS} s")
        rates[chain.name] = edits / (time.perf_counter() - began)
    return rates


def processor_seconds(stack: Stack) -> dict[str, float]:
    """The processor time that each of the product's processes has used so far, with its children."""
    return {name: used_by(part.pid) for name, part in stack.parts.items()}


def used_by(pid: int) -> float:
    """The processor time of one process with its children."""
    process = psutil.Process(pid)
    times = [each.cpu_times() for each in (process, *process.children(recursive=True))]
    gone = process.cpu_times()  # PostgreSQL's sessions end, and leave their time to their parent.
    return float(sum(t.user + t.system for t in times) + gone.children_user + gone.children_system)


def memory_mebibytes(pid: int) -> float:
    """The resident memory of one process with its children."""
    process = psutil.Process(pid)
    return float(sum(each.memory_info().rss for each in (process, *process.children(recursive=True))) / 2**20)


async def quiet(hub: Any, calm_seconds: float = 1.0) -> None:
    """Wait until the hub has had nothing under way for a while."""
    end = time.perf_counter() + PATIENCE_SECONDS
    calm_since = time.perf_counter()
    while time.perf_counter() < calm_since + calm_seconds:
        if await hub.fetchval(UNDER_WAY):
            calm_since = time.perf_counter()
        if time.perf_counter() > end:
            raise TimeoutError("the hub does not come to rest")
        await asyncio.sleep(0.05)
