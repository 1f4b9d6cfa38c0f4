"""The worker's tasks: stopped cleanly, started again with growing pauses."""

import asyncio
import os
import signal
import time
from itertools import pairwise

import pytest
from chassis import worker


async def until_stopped(stop: asyncio.Event) -> None:
    await stop.wait()


async def test_sigterm_lets_every_task_finish_the_batch_it_is_at() -> None:
    finished = []

    async def batch(stop: asyncio.Event) -> None:
        await stop.wait()
        await asyncio.sleep(0.05)
        finished.append("batch")

    running = asyncio.create_task(worker.run({"batch": batch, "other": until_stopped}))
    await asyncio.sleep(0.05)
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.wait_for(running, 5)
    assert finished == ["batch"]


async def test_a_task_that_fails_is_started_again_with_growing_pauses_and_the_others_go_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(worker, "FIRST_PAUSE_SECONDS", 0.02)
    stop, starts, ticks = asyncio.Event(), list[float](), list[float]()

    async def failing(stop: asyncio.Event) -> None:
        starts.append(time.monotonic())
        if len(starts) == 4:
            stop.set()
        raise RuntimeError("no luck")

    async def tick() -> None:
        ticks.append(time.monotonic())

    await asyncio.wait_for(worker.run({"failing": failing, "tick": worker.every(0.01, tick)}, stop), 5)
    pauses = [later - earlier for earlier, later in pairwise(starts)]
    assert len(pauses) == 3
    assert pauses[0] >= 0.02 and pauses[1] >= 0.04 and pauses[2] >= 0.08
    assert len(ticks) > 3


async def test_items_run_side_by_side_each_once_and_a_failing_one_alone() -> None:
    release, begun = asyncio.Event(), list[str]()

    async def act(item: str) -> None:
        begun.append(item)
        if item == "broken":
            raise ValueError(item)
        await release.wait()

    running = worker.AtOnce(act, most=2)
    assert running.begin(["slow", "broken", "third"])
    await asyncio.sleep(0)
    running.begin(["slow", "third"])
    await asyncio.sleep(0)
    assert begun == ["slow", "broken", "third"]
    release.set()
    await running.end(patience_seconds=5)
    assert not running.begin([])


async def test_a_task_that_ends_by_itself_is_started_again_and_does_not_spin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "FIRST_PAUSE_SECONDS", 0.05)
    stop, starts = asyncio.Event(), []

    async def ends(_: asyncio.Event) -> None:
        starts.append(1)

    running = asyncio.create_task(worker.run({"ends": ends}, stop))
    await asyncio.sleep(0.12)
    stop.set()
    await asyncio.wait_for(running, 5)
    assert 2 <= len(starts) <= 3


def test_a_task_that_began_to_fail_lately_is_tried_every_second() -> None:
    assert worker.next_pause(0.2, failing_seconds=0.2) == 0.4
    assert worker.next_pause(0.8, failing_seconds=1.4) == 1.0
    assert worker.next_pause(1.0, failing_seconds=29.0) == 1.0
    assert worker.next_pause(1.0, failing_seconds=31.0) == 2.0
    assert worker.next_pause(4.0, failing_seconds=60.0) == worker.LONGEST_PAUSE_SECONDS


async def test_a_pause_ends_at_once_for_an_event_that_it_waits_for_too() -> None:
    stop, answers = asyncio.Event(), asyncio.Event()
    sleeping = asyncio.create_task(worker.pause(stop, 60, answers))
    answers.set()
    await asyncio.wait_for(sleeping, 5)


async def test_a_pause_ends_at_once_when_the_process_is_to_stop() -> None:
    stop = asyncio.Event()
    waiting = asyncio.create_task(worker.pause(stop, 60))
    await asyncio.sleep(0)
    assert not waiting.done()
    stop.set()
    await asyncio.wait_for(waiting, 1)
