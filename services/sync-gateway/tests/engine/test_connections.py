"""The tasks of registered systems in a running worker: they start, begin anew with a changed registration, and stop."""

import asyncio
from collections.abc import AsyncIterator, Mapping

import pytest
from chassis import health
from chassis.db import Sessions, transaction
from chassis.worker import Task
from contracts.kinds.table import READS
from gateway.deliver.loop import Delivering
from gateway.kinds.holders import Holdings
from gateway.store.registrations import Registration, connect, disconnect
from gateway.worker.connections import Connections
from gateway.worker.poll import Poll

from .hub import SYSTEMS

pytestmark = pytest.mark.servers


class Worker:
    """A worker whose tasks only say that they run."""

    def __init__(self, sessions: Sessions) -> None:
        self.sessions = sessions
        self.poll = Poll(SYSTEMS)
        self.deliveries = {name: Delivering(sessions, name, SYSTEMS) for name in SYSTEMS}
        self.running: dict[str, str] = {}
        self.changed = asyncio.Condition()
        self.connections = Connections(sessions, self.poll, SYSTEMS, self.deliveries, self.make, self.serve)

    def make(self, name: str, held: Holdings) -> Delivering:
        return Delivering(self.sessions, name, held)

    def serve(self, name: str, registered: Registration, _: Delivering) -> Mapping[str, Task]:
        async def deliver(stop: asyncio.Event) -> None:
            await self.note(name, registered.address)
            await stop.wait()
            await self.note(name, None)

        return {f"deliver {name}": deliver}

    async def note(self, name: str, address: str | None) -> None:
        async with self.changed:
            self.running = {**self.running, name: address} if address else {}
            self.changed.notify_all()

    async def until(self, running: dict[str, str]) -> None:
        async with self.changed, asyncio.timeout(20):
            await self.changed.wait_for(lambda: self.running == running)

    async def register(self, address: str, name: str = "shop") -> None:
        registration = Registration(
            address, "shop", {"customer": READS}, None, "kafka", [], "olga", "2026-11-28T12:00Z"
        )
        async with transaction(self.sessions) as session:
            await connect(session, name, registration)
        self.poll.registered.set()


@pytest.fixture
async def worker(sessions: Sessions) -> AsyncIterator[Worker]:
    worker, stop = Worker(sessions), asyncio.Event()
    running = asyncio.create_task(worker.connections.run(stop))
    yield worker
    stop.set()
    await asyncio.wait_for(running, 20)
    assert worker.running == {}


async def test_the_tasks_of_a_system_follow_its_registration(worker: Worker) -> None:
    await worker.register("http://one.test")
    await worker.until({"shop": "http://one.test"})
    assert set(worker.deliveries) == {*SYSTEMS, "shop"}
    assert all("shop" in delivering.systems for delivering in worker.deliveries.values())
    await worker.register("http://two.test")
    await worker.until({"shop": "http://two.test"})
    assert health.vital("deliver shop").trouble() is None
    async with transaction(worker.sessions) as session:
        await disconnect(session, "shop")
    worker.poll.registered.set()
    await worker.until({})
    await worker.register("http://three.test")
    await worker.until({"shop": "http://three.test"})


async def test_a_system_of_the_settings_keeps_its_own_tasks(worker: Worker) -> None:
    await worker.register("http://other.test", "crm")
    await worker.register("http://one.test")
    await worker.until({"shop": "http://one.test"})
