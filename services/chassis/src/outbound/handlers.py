"""The worker's task: publish the events of each outbound topic, apart from all others."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

import structlog
from chassis import clock, telemetry
from chassis.bus import BrokerAway, Producer
from chassis.db import transaction
from chassis.health import beat
from chassis.service import Running
from chassis.topics import Topics
from chassis.wakeup import woken
from chassis.worker import Task, each_alone
from contracts.events import partitions_of
from contracts.outbound import OUTBOUND, outbound_topic

from outbound import publishing, queries
from outbound.queries import Place

log = structlog.get_logger()
POLL_SECONDS = 1.0
CHECK_SECONDS = 60.0
"""The broker may lose the log of a topic in which nothing happens: it is looked at this often."""

ANSWER_SECONDS = 10.0
ROUNDS = 20
"""A topic with more batches than this lets others have their turn."""


class Lane:
    """Publishes topics one after the other, with one producer. Topics that fail have a lane of their own, so that they
    delay no other."""

    def __init__(self, running: Running, *, failing: bool) -> None:
        self.sessions = running.sessions
        self.settings = running.settings
        self.wakeup = running.wakeup
        self.failing = failing
        self.servers = running.settings.kafka_bootstrap_servers or ""
        self.security = running.settings.broker_security
        self._producer = Producer(self.servers, ANSWER_SECONDS, self.security)

    async def run(self, stop: asyncio.Event) -> None:
        """Publish until `stop`."""
        try:
            await woken(self.wakeup, POLL_SECONDS, self.step)(stop)
        finally:
            await self.close()

    async def close(self) -> None:
        """Close the connection to the broker."""
        await self._producer.stop()

    async def step(self) -> None:
        """Publish once all that is due."""
        now = clock.now()
        async with transaction(self.sessions) as session:
            places = await queries.due(session, now, now - timedelta(seconds=CHECK_SECONDS), failing=self.failing)
            if self.failing:
                telemetry.OUTBOUND_FAILING.set(await queries.failing(session))
        await each_alone(places, self._serve)

    async def _serve(self, place: Place) -> None:
        try:
            topic = await self._log_of(outbound_topic(place.tenant, place.kind), partitions_of(OUTBOUND[place.kind]))
            for _ in range(ROUNDS):
                beat()
                if not await self._publish(place, topic):
                    return
        except BrokerAway as error:
            log.warning("outbound_topic_failed", tenant=str(place.tenant), kind=place.kind, error=str(error))
            async with transaction(self.sessions, place.tenant) as session:
                await publishing.fail(session, place, str(error), clock.now())

    async def _publish(self, place: Place, log_id: UUID) -> bool:
        """Publish one batch; whether there may be another. A new log gets everything from the start."""
        async with transaction(self.sessions, place.tenant) as session:
            batch = await publishing.take(session, place, clock.now())
        if batch is None:
            return False
        if batch.log_id not in (None, log_id):
            async with transaction(self.sessions, place.tenant) as session:
                await publishing.settle(session, place, 0, log_id, clock.now())
            return True
        for refused in await self._producer.send(batch.messages):
            if refused is not None:
                raise BrokerAway(str(refused))
        async with transaction(self.sessions, place.tenant) as session:
            await publishing.settle(session, place, batch.position, log_id, clock.now())
        return bool(batch.messages)

    async def _log_of(self, topic: str, partitions: int) -> UUID:
        """The log of a topic, which is created if it is missing. Raises `BrokerAway`."""
        replicas, most = self.settings.kafka_replicas, self.settings.kafka_most_partitions
        wanted = Topics(self.servers, {topic: partitions}, replicas, ANSWER_SECONDS, self.security, most)
        async with wanted as topics:
            return (await topics.look())[topic]


def tasks(running: Running) -> Mapping[str, Task]:
    """What the worker does for outbound topics."""
    return {
        "outbound topics": Lane(running, failing=False).run,
        "failing outbound topics": Lane(running, failing=True).run,
    }
