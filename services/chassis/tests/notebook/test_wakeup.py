"""A worker is woken by a commit that wrote an event, and by no other; it polls while nobody listens."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest
from chassis import wakeup
from chassis.db import Sessions, transaction
from chassis.wakeup import Wakeup, notify, woken

from .notes import Note
from .observed import wait_until, write

pytestmark = pytest.mark.servers
TOPIC = "notebook.note.v1"


@asynccontextmanager
async def listening(url: str) -> AsyncIterator[Wakeup]:
    made, stop = Wakeup(), asyncio.Event()
    task = asyncio.ensure_future(made.listen(url, "notebook")(stop))
    try:
        await wait_until(lambda: heard(made, 1))
        yield made
    finally:
        stop.set()
        await asyncio.wait_for(task, 10)


async def heard(made: Wakeup, times: int) -> bool:
    return made.count >= times and made.listening


async def test_a_commit_with_events_wakes_once_and_one_without_does_not(notebook: str, emptied: Sessions) -> None:
    async with listening(notebook) as made:
        before = made.count
        await write(emptied, TOPIC, "note", range(3))
        await wait_until(lambda: heard(made, before + 3))
        async with transaction(emptied) as session:
            await notify(session)
        await wait_until(lambda: heard(made, before + 4))
        async with transaction(emptied) as session:
            assert await session.get(Note, "00000000-0000-7000-8000-000000000001") is None
        await asyncio.sleep(0.2)
        assert made.count == before + 4


async def test_who_waits_is_woken_within_the_commit_and_who_came_too_late_does_not_wait(
    notebook: str, emptied: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wakeup, "IDLE_SECONDS", 30.0)
    stop = asyncio.Event()
    async with listening(notebook) as made:
        count = made.count
        waiting = asyncio.create_task(made.wait(stop, count, 30))
        await asyncio.sleep(0.1)
        assert not waiting.done()
        await write(emptied, TOPIC, "note", range(1))
        await asyncio.wait_for(waiting, 5)
        await asyncio.wait_for(made.wait(stop, count, 30), 1)  # It was woken since it looked.


async def test_a_broken_connection_is_opened_again_and_what_was_missed_wakes(
    notebook: str, postgres: str, emptied: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wakeup, "PROBE_SECONDS", 0.2)
    async with listening(notebook) as made:
        before = made.count
        admin = await asyncpg.connect(postgres)
        await admin.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'notebook-wakeup'"
        )
        await admin.close()
        await wait_until(lambda: not_listening(made))
        await wait_until(lambda: heard(made, before + 1))


async def not_listening(made: Wakeup) -> bool:
    return not made.listening


def test_the_longer_nothing_was_committed_the_rarer_a_task_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    made, began = Wakeup(), time.monotonic()
    pauses = []
    for quiet_seconds in (0, 3, 12, 3600):
        monkeypatch.setattr(time, "monotonic", lambda now=began + quiet_seconds: now)
        pauses.append(round(made._idle_seconds()))
    made.wake()
    assert [*pauses, made._idle_seconds()] == [1, 1, 3, 30, 1]


async def test_without_a_listener_a_task_polls() -> None:
    runs, enough, stop = 0, asyncio.Event(), asyncio.Event()

    async def look() -> None:
        nonlocal runs
        runs += 1
        if runs == 4:
            enough.set()

    task = asyncio.ensure_future(woken(Wakeup(), 0.05, look)(stop))
    await asyncio.wait_for(enough.wait(), 10)
    stop.set()
    await task
