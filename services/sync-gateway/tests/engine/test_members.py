"""Several workers of the hub: each reads partitions of its own, all merge, and nothing is merged twice."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace

import pytest
from chassis import telemetry
from chassis.bus import Consumer, Message, Positions, Producer
from chassis.db import Sessions, transaction
from chassis.testing import while_running
from chassis.topics import ensure_topics
from gateway.ingest.consume import Ingest
from gateway.store import positions
from gateway.store.links import Link
from stack.kafka import Kafka

from .hub import SYSTEMS, Hub

pytestmark = pytest.mark.servers
TOPIC = "crm.customer.v1"
RECORDS = 30
SECONDS_BETWEEN_EDITS = 0.5
SECONDS_BETWEEN_CHANGES = 3.0


class Worker:
    """One member of the group that reads for the hub, with what it has merged."""

    def __init__(self, sessions: Sessions, kafka: Kafka, name: str) -> None:
        self.sessions = sessions
        self.name = name
        self.ingest = Ingest(sessions, SYSTEMS)
        self.merged: set[int] = set()
        self.consumer = Consumer(
            kafka.bootstrap_servers, "sync-gateway", [TOPIC], self.load, self.handle, self.forget, name=name
        )

    async def load(self) -> Positions:
        async with transaction(self.sessions) as session:
            return await positions.positions(session)

    async def handle(self, batch: list[Message]) -> None:
        await self.ingest.handle(batch)
        self.merged |= {message.partition for message in batch}

    async def forget(self, lost: Positions) -> None:
        raise AssertionError(f"nothing is lost here: {lost}")

    def reading(self) -> AbstractAsyncContextManager[None]:
        return while_running(self.consumer.run)


def merged(outcome: str) -> float:
    return float(telemetry.EVENTS_MERGED.labels(outcome)._value.get())


async def test_a_partition_that_another_worker_is_merging_holds_up_no_other(sessions: Sessions) -> None:
    hub = Hub(sessions)
    first = hub.event("crm", "c0", 1, {"email": "a@example.com"})
    beside = replace(hub.event("crm", "c1", 1, {"email": "b@example.com"}), partition=1, offset=0)
    async with transaction(sessions) as session:
        await positions.lock_positions(session, [(TOPIC, 0)])
        await asyncio.wait_for(hub.ingest.handle([beside]), 10)
        waiting = asyncio.create_task(Ingest(sessions, SYSTEMS).handle([first]))
        done, _ = await asyncio.wait([waiting], timeout=0.3)
        assert not done
    await asyncio.wait_for(waiting, 10)
    assert {link.local_id for link in await hub.all(Link)} == {"c0", "c1"}


class Editing:
    """Edits of the same records, one after another, until it is told to stop."""

    def __init__(self, hub: Hub, producer: Producer) -> None:
        self.hub = hub
        self.producer = producer
        self.edits = 0
        self.over = False

    async def run(self) -> None:
        while not self.over:
            self.edits += 1
            edits = {n: {"email": f"{n}-{self.edits}@example.com"} for n in range(RECORDS)}
            batch = [self.hub.event("crm", f"c{n}", self.edits, edit) for n, edit in edits.items()]
            keyed = [replace(each, key=f"c{n}".encode()) for n, each in enumerate(batch)]
            assert set(await self.producer.send(keyed)) == {None}
            await asyncio.sleep(SECONDS_BETWEEN_EDITS)


async def test_workers_join_and_leave_and_each_event_is_merged_once(sessions: Sessions, kafka: Kafka) -> None:
    await ensure_topics(kafka.bootstrap_servers, [TOPIC])
    hub, producer = Hub(sessions), Producer(kafka.bootstrap_servers)
    editing = Editing(hub, producer)
    before = {outcome: merged(outcome) for outcome in ("merged", "duplicate", "repaired_gap")}
    one, two, three = (Worker(sessions, kafka, name) for name in ("one", "two", "three"))
    edits = asyncio.create_task(editing.run())
    async with two.reading():
        async with one.reading():
            await _merging_beside(one, two)
        await asyncio.sleep(SECONDS_BETWEEN_CHANGES)
        async with three.reading():
            await _merging_beside(three, two)
            editing.over = True
            await edits
            await _until(lambda: _all_merged(hub, editing.edits))
    await producer.stop()
    after = {outcome: merged(outcome) - number for outcome, number in before.items()}
    assert after == {"merged": RECORDS * editing.edits, "duplicate": 0, "repaired_gap": 0}


async def _merging_beside(one: Worker, other: Worker) -> None:
    """Let some seconds pass in which both merge, each other partitions."""
    await asyncio.sleep(SECONDS_BETWEEN_CHANGES)

    async def both() -> bool:
        one.merged.clear()
        other.merged.clear()
        await asyncio.sleep(2 * SECONDS_BETWEEN_EDITS)
        return bool(one.merged and other.merged) and one.merged.isdisjoint(other.merged)

    await _until(both)


async def _all_merged(hub: Hub, edits: int) -> bool:
    return {link.seen_seq for link in await hub.all(Link)} == {edits}


async def _until(condition: Callable[[], Awaitable[bool]], seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    while not await condition():
        assert time.monotonic() < end, "waited in vain"
        await asyncio.sleep(0.05)
