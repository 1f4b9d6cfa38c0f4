"""Topics are looked after while the broker comes and goes."""

import asyncio
from uuid import uuid4

import pytest
import structlog
from aiokafka.admin import AIOKafkaAdminClient
from chassis import telemetry
from chassis.bus import Reach
from chassis.metadata import describe
from chassis.topics import Logs, Topics, ensure_topics, watch
from stack.kafka import Kafka

from .observed import wait_until

pytestmark = pytest.mark.servers


def reachable(task: str) -> float:
    return float(telemetry.BROKER_REACHABLE.labels(task)._value.get())


async def test_a_broker_that_is_away_is_one_line_when_it_goes_and_one_when_it_is_back(kafka: Kafka, topic: str) -> None:
    task = uuid4().hex
    seen: list[Logs] = []

    async def found(logs: Logs) -> None:
        seen.append(logs)

    async def is_reachable() -> bool:
        return reachable(task) == 1

    async def is_away() -> bool:
        return reachable(task) == 0

    stop = asyncio.Event()
    with structlog.testing.capture_logs() as lines:
        topics = Topics(kafka.bootstrap_servers, {topic: 1}, timeout_seconds=2)
        watching = asyncio.create_task(watch(topics, Reach(task), found, stop))
        await wait_until(is_reachable)
        kafka.kill()
        await wait_until(is_away)
        await asyncio.to_thread(kafka.start)
        await wait_until(is_reachable)
        stop.set()
        await watching
    assert [line["event"] for line in lines if line.get("task") == task] == ["broker_away", "broker_back"]
    assert all(logs == seen[0] for logs in seen)


async def test_a_topic_keeps_its_id_and_another_topic_has_another(kafka: Kafka, topic: str) -> None:
    other = f"{topic}.other"
    first = await ensure_topics(kafka.bootstrap_servers, [topic, other])
    assert first[topic] != first[other]
    assert await ensure_topics(kafka.bootstrap_servers, [other, topic]) == first


async def test_a_topic_is_made_no_wider_than_allowed_and_one_that_is_there_stays_as_it_is(kafka: Kafka) -> None:
    wide, small = f"{uuid4().hex}.v1", f"{uuid4().hex}.v1"
    for most in (2, None):
        async with Topics(kafka.bootstrap_servers, {wide: 6, small: 1}, most=most) as topics:
            await topics.look()
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap_servers)
    await admin.start()
    try:
        found = {each["name"]: len(each["partitions"]) for each in await describe(admin, [wide, small])}
    finally:
        await admin.close()
    assert found == {wide: 2, small: 1}
