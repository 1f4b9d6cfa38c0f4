"""A task says once that it fails, once that it is back, and by its silence that it hangs."""

import asyncio
import time

import pytest
from chassis import health, worker
from chassis.health import Vital
from structlog.testing import capture_logs


def test_an_outage_is_one_line_when_it_begins_and_one_when_it_ends() -> None:
    broker = Vital("broker")
    with capture_logs() as lines:
        for _ in range(2000):
            broker.fails("connection refused")
        broker.recovers()
        broker.recovers()
    told = [(line["event"], line["what"], line["reason"]) for line in lines]
    assert told == [("failing", "broker", "connection refused"), ("recovered", "broker", "connection refused")]
    assert lines[-1]["failures"] == 2000
    assert broker.trouble() is None


def test_a_task_that_fails_again_and_again_is_not_told_to_be_back_in_between(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "STEADY_SECONDS", 60.0)
    task = Vital("relay")
    for _ in range(3):
        task.fails(OSError("no"))
        task.beat()
    trouble = task.trouble()
    assert trouble is not None
    assert (trouble.reason, task.failures) == ("OSError", 3)
    monkeypatch.setattr(health, "STEADY_SECONDS", 0.0)
    task.beat()
    assert task.trouble() is None


def test_a_task_that_hangs_is_found_by_its_silence() -> None:
    task = Vital("ingest")
    task.beat(seconds=5)
    assert task.trouble() is None
    task.due = time.monotonic() - 20
    trouble = task.trouble()
    assert trouble is not None
    assert trouble.reason == "the task makes no progress"


async def test_every_task_of_a_worker_beats_by_itself() -> None:
    stop, rounds = asyncio.Event(), []

    async def tick() -> None:
        rounds.append(1)
        if len(rounds) == 3:
            stop.set()

    before = time.monotonic()
    await asyncio.wait_for(worker.run({"ticking": worker.every(0.01, tick)}, stop), 5)
    assert health.vital("ticking").due >= before + health.PATIENCE_SECONDS
