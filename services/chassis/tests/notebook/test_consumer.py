"""The consumer on a real broker: it goes on where our database says, and passes over nothing."""

import asyncio
from contextlib import AbstractAsyncContextManager

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from chassis.bus import Consumer, Message, Positions, Producer
from chassis.testing import while_running
from chassis.topics import ensure_topics
from stack.kafka import Kafka

from .observed import messages, wait_until

pytestmark = pytest.mark.servers


class Reader:
    """A handler that keeps messages and positions together, as a service's transaction does."""

    def __init__(self, kafka: Kafka, *topics: str) -> None:
        self.positions: Positions = {}
        self.seen: list[bytes | None] = []
        self.forgotten: Positions = {}
        self.failures = 0
        self.away = False
        self.consumer = Consumer(
            kafka.bootstrap_servers, f"group of {topics[0]}", topics, self.load, self.handle, self.forget
        )

    async def load(self) -> Positions:
        if self.away:
            raise ConnectionError("the database is away")
        return dict(self.positions)

    async def handle(self, batch: list[Message]) -> None:
        if self.failures:
            self.failures -= 1
            raise RuntimeError("not now")
        for message in batch:
            expected = self.positions.get((message.topic, message.partition), 0)
            assert message.offset == expected, f"offset {message.offset} came, {expected} was next"
            self.positions[(message.topic, message.partition)] = message.offset + 1
            self.seen.append(message.value)

    async def forget(self, lost: Positions) -> None:
        self.forgotten = lost
        self.positions |= lost

    def reading(self) -> AbstractAsyncContextManager[None]:
        return while_running(self.consumer.run)

    async def has(self, count: int) -> bool:
        return len(self.seen) >= count


def reader_like(other: Reader, kafka: Kafka, topic: str) -> Reader:
    """The next process: it knows what the first one stored, and nothing else."""
    reader = Reader(kafka, topic)
    reader.positions = dict(other.positions)
    return reader


async def send(kafka: Kafka, topic: str, numbers: range) -> None:
    producer = Producer(kafka.bootstrap_servers)
    await producer.send([Message(topic, str(n % 7).encode(), str(n).encode(), ()) for n in numbers])
    await producer.stop()


def numbers(reader: Reader) -> list[int]:
    return sorted(int(value or b"") for value in reader.seen)


async def test_a_reader_goes_on_at_the_position_that_was_stored_not_at_kafkas(kafka: Kafka, topic: str) -> None:
    await send(kafka, topic, range(50))
    first = Reader(kafka, topic)
    async with first.reading():
        await wait_until(lambda: first.has(50))
    await send(kafka, topic, range(50, 80))
    second = reader_like(first, kafka, topic)
    async with second.reading():
        await wait_until(lambda: second.has(30))
    assert numbers(first) == list(range(50))
    assert numbers(second) == list(range(50, 80))


async def test_a_batch_that_fails_is_read_again_and_nothing_is_passed_over(kafka: Kafka, topic: str) -> None:
    reader = Reader(kafka, topic)
    reader.failures = 2
    await send(kafka, topic, range(20))
    async with reader.reading():
        await wait_until(lambda: reader.has(20))
        await send(kafka, topic, range(20, 30))
        await wait_until(lambda: reader.has(30))
    assert numbers(reader) == list(range(30))


async def test_a_reader_that_cannot_learn_its_positions_waits_instead_of_guessing(kafka: Kafka, topic: str) -> None:
    await send(kafka, topic, range(20))
    first = Reader(kafka, topic)
    async with first.reading():
        await wait_until(lambda: first.has(20))
    second = reader_like(first, kafka, topic)
    second.away = True
    await send(kafka, topic, range(20, 25))
    async with second.reading():
        await asyncio.sleep(1.5)
        assert second.seen == []
        second.away = False
        await wait_until(lambda: second.has(5))
    assert numbers(second) == list(range(20, 25))


async def test_a_paused_topic_waits_while_others_go_on_and_continues_where_it_was(kafka: Kafka, topic: str) -> None:
    other = f"{topic}.other"
    await ensure_topics(kafka.bootstrap_servers, [other])
    reader = Reader(kafka, topic, other)
    reader.consumer.paused_topics = {topic}
    async with reader.reading():
        await send(kafka, topic, range(10))
        await send(kafka, other, range(10, 20))
        await wait_until(lambda: reader.has(10))
        await asyncio.sleep(0.5)
        assert numbers(reader) == list(range(10, 20))
        reader.consumer.paused_topics = set()
        await wait_until(lambda: reader.has(20))
    assert numbers(reader) == list(range(20))


async def test_a_broker_that_lost_its_log_is_read_from_its_new_beginning(kafka: Kafka, topic: str) -> None:
    reader = Reader(kafka, topic)
    reader.positions = {(topic, partition): 1000 for partition in range(6)}
    async with reader.reading():
        await send(kafka, topic, range(10))
        await wait_until(lambda: reader.has(10))
    assert numbers(reader) == list(range(10))
    assert reader.forgotten == {(topic, partition): 0 for partition in range(6)}


async def test_reading_goes_on_after_the_broker_was_killed(kafka: Kafka, topic: str) -> None:
    reader = Reader(kafka, topic)
    async with reader.reading():
        await send(kafka, topic, range(10))
        await wait_until(lambda: reader.has(10))
        kafka.kill()
        await asyncio.to_thread(kafka.start)
        await send(kafka, topic, range(10, 20))
        await wait_until(lambda: reader.has(20), seconds=40)
    assert numbers(reader) == list(range(20))


async def test_topics_are_made_compacted_and_made_once(kafka: Kafka, topic: str) -> None:
    await send(kafka, topic, range(3))
    await ensure_topics(kafka.bootstrap_servers, [topic])
    assert len(await messages(kafka.bootstrap_servers, topic)) == 3
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap_servers)
    await admin.start()
    answer = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
    await admin.close()
    settings = {name: value for name, value, *_ in answer[0].resources[0][4]}
    assert settings["cleanup.policy"] == "compact"


async def test_the_events_of_one_record_stay_in_one_partition(kafka: Kafka, topic: str) -> None:
    await send(kafka, topic, range(70))
    partitions: dict[bytes | None, set[int]] = {}
    for message in await messages(kafka.bootstrap_servers, topic):
        partitions.setdefault(message.key, set()).add(message.partition)
    assert len(partitions) == 7
    assert all(len(found) == 1 for found in partitions.values())
