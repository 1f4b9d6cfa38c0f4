"""Members of a consumer group on a real broker: the dead are known by the database, not by their silence."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from chassis.bus import Consumer, Message, Positions
from chassis.db import Sessions
from chassis.members import member, take_out_dead
from sqlalchemy.ext.asyncio import AsyncEngine
from stack.kafka import Kafka

from .observed import wait_until

pytestmark = pytest.mark.servers


async def members(kafka: Kafka, group: str) -> set[str]:
    """The names of the members that the broker knows; none while it is not ready for groups."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap_servers)
    await admin.start()
    try:
        (answer,) = await admin.describe_consumer_groups([group])
    except KafkaError:
        return set()
    finally:
        await admin.close()
    return {each[1] for each in answer.groups[0][5]}


@asynccontextmanager
async def reading(kafka: Kafka, topic: str, name: str) -> AsyncIterator[None]:
    """A member that has joined."""

    async def load() -> Positions:
        return {}

    async def handle(batch: list[Message]) -> None:
        pass

    async def forget(lost: Positions) -> None:
        pass

    async def joined() -> bool:
        return name in await members(kafka, topic)

    stop = asyncio.Event()
    consumer = Consumer(kafka.bootstrap_servers, topic, [topic], load, handle, forget, name=name)
    task = asyncio.create_task(consumer.run(stop))
    await wait_until(joined)
    yield
    stop.set()
    await asyncio.wait_for(task, 15)


async def test_a_member_whose_process_is_gone_is_taken_out_and_nobody_else(
    kafka: Kafka, topic: str, engine: AsyncEngine, emptied: Sessions
) -> None:
    async with member(engine, topic) as living, reading(kafka, topic, living), reading(kafka, topic, "another"):
        async with member(engine, topic) as name:
            died = name
        async with reading(kafka, topic, died):
            assert await members(kafka, topic) == {living, died, "another"}
            assert await take_out_dead(emptied, kafka.bootstrap_servers, topic) == [died]


async def test_a_broker_that_cannot_be_asked_keeps_nobody_from_joining(emptied: Sessions) -> None:
    assert await take_out_dead(emptied, "127.0.0.1:1", "group", timeout_seconds=1) == []
