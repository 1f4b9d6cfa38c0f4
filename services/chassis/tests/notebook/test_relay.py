"""The outbox and its relay on real servers: nothing lost, nothing out of order, whatever dies in between."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from uuid import uuid4

import asyncpg
import orjson
import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from chassis.bus import LARGEST_MESSAGE_BYTES, BrokerAway, Message, Producer, Refused
from chassis.db import Sessions, transaction
from chassis.outbox import OutboxRow, SentRow, announce, feed
from chassis.relay import Relay
from chassis.topics import ensure_topics
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine
from stack.kafka import Kafka

from .observed import count, event, messages, wait_until, write
from .test_consumer import Reader

pytestmark = pytest.mark.servers

WRITERS = 16
EVENTS = 40
HELD = "locktype = 'advisory' and granted and database = (select oid from pg_database where datname = 'notebook')"
"""The locks of relays. Tests of other services hold some in other databases of the server."""


class CrashingProducer(Producer):
    """Dies right after the broker has taken the first batch."""

    crashed = False

    async def send(self, messages: Sequence[Message]) -> list[Refused | None]:
        outcomes = await super().send(messages)
        if not self.crashed:
            self.crashed = True
            raise RuntimeError("the power went off")
        return outcomes


@asynccontextmanager
async def relaying(engine: AsyncEngine, producer: Producer) -> AsyncIterator[None]:
    """A relay at work, stopped cleanly at the end."""
    stop = asyncio.Event()
    task = asyncio.create_task(Relay(engine, producer).run(stop))
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait_for(task, 20)


async def drained(sessions: Sessions) -> bool:
    return await count(sessions, "outbox", "parked_at is null") == 0


async def numbers_by_key(kafka: Kafka, topic: str) -> dict[str, list[int]]:
    found: dict[str, list[int]] = defaultdict(list)
    for message in await messages(kafka.bootstrap_servers, topic):
        found[(message.key or b"").decode()].append(orjson.loads(message.value or b"")["number"])
    return found


async def test_sixteen_writers_lose_nothing_and_every_record_keeps_its_order(
    kafka: Kafka, topic: str, engine: AsyncEngine, emptied: Sessions
) -> None:
    async with relaying(engine, Producer(kafka.bootstrap_servers)):
        await asyncio.gather(*(write(emptied, topic, f"note-{n}", range(EVENTS)) for n in range(WRITERS)))
        await wait_until(lambda: drained(emptied))
    assert await numbers_by_key(kafka, topic) == {f"note-{n}": list(range(EVENTS)) for n in range(WRITERS)}


async def test_positions_of_sent_events_have_no_gaps_and_the_feed_follows_them(
    kafka: Kafka, topic: str, engine: AsyncEngine, emptied: Sessions
) -> None:
    for part in (range(10), range(10, 25)):
        await write(emptied, topic, "note", part)
        async with relaying(engine, Producer(kafka.bootstrap_servers)):
            await wait_until(lambda: drained(emptied))
    async with transaction(emptied) as session:
        positions = (await session.scalars(select(SentRow.position).order_by(SentRow.position))).all()
        first = await feed(session, after=0, until=25, limit=20, topics=[topic])
        rest = await feed(session, after=first[-1]["position"], until=25, limit=20, topics=[topic])
    assert positions == list(range(1, 26))
    assert [each["data"]["number"] for each in (*first, *rest)] == list(range(25))


async def test_a_crash_between_sending_and_noting_it_sends_again_and_loses_nothing(
    kafka: Kafka, topic: str, engine: AsyncEngine, emptied: Sessions
) -> None:
    producer = CrashingProducer(kafka.bootstrap_servers)
    await write(emptied, topic, "note", range(5))
    with pytest.raises(RuntimeError, match="power"):
        await Relay(engine, producer).run(asyncio.Event())
    assert await count(emptied, "outbox") == 5
    async with relaying(engine, producer):
        await wait_until(lambda: drained(emptied))
    assert (await numbers_by_key(kafka, topic))["note"] == [*range(5), *range(5)]
    assert await count(emptied, "outbox_sent") == 5


async def test_everything_arrives_after_the_broker_was_killed_in_the_middle(
    kafka: Kafka, topic: str, engine: AsyncEngine, emptied: Sessions
) -> None:
    async with relaying(engine, Producer(kafka.bootstrap_servers, timeout_seconds=3)):
        await write(emptied, topic, "note", range(100))
        writing = asyncio.create_task(write(emptied, topic, "note", range(100, 600)))
        await wait_until(lambda: sent_at_least(emptied, 150))
        kafka.kill()
        await writing
        assert await count(emptied, "outbox") > 0
        await asyncio.to_thread(kafka.start)
        await wait_until(lambda: drained(emptied), seconds=60)
    numbers = (await numbers_by_key(kafka, topic))["note"]
    assert sorted(set(numbers)) == list(range(600))
    assert numbers[-1] == 599
    assert await count(emptied, "outbox_sent") == 600


async def sent_at_least(sessions: Sessions, wanted: int) -> bool:
    return await count(sessions, "outbox_sent") >= wanted


async def test_a_producer_that_was_given_up_sends_nothing_later(kafka: Kafka, topic: str) -> None:
    producer = Producer(kafka.bootstrap_servers, timeout_seconds=2)
    await producer.send([Message(topic, b"note", b"before", ())])
    kafka.kill()
    with pytest.raises(BrokerAway):
        await producer.send([Message(topic, b"note", b"given up", ())])
    await asyncio.to_thread(kafka.start)
    await Producer(kafka.bootstrap_servers).send([Message(topic, b"note", b"after", ())])
    await asyncio.sleep(1)
    assert [m.value for m in await messages(kafka.bootstrap_servers, topic)] == [b"before", b"after"]


async def test_a_message_that_is_too_large_is_parked_and_holds_up_nothing(
    kafka: Kafka, topic: str, engine: AsyncEngine, emptied: Sessions
) -> None:
    await write(emptied, topic, "note", range(3))
    await write(emptied, topic, "note", range(3, 4), size=9_000_000)
    await write(emptied, topic, "note", range(4, 7))
    async with relaying(engine, Producer(kafka.bootstrap_servers)):
        await wait_until(lambda: drained(emptied))
    assert (await numbers_by_key(kafka, topic))["note"] == [0, 1, 2, 4, 5, 6]
    assert await count(emptied, "outbox", "parked_at is not null and error <> ''") == 1


async def test_an_event_of_5_mebibytes_reaches_a_reader_on_a_topic_that_was_made_narrower(
    kafka: Kafka, engine: AsyncEngine, emptied: Sessions
) -> None:
    topic = f"notebook.{uuid4().hex}.v1"
    await make_topic(kafka, topic, {"retention.ms": "123456789"})
    await ensure_topics(kafka.bootstrap_servers, [topic])
    await write(emptied, topic, "note", range(8), size=5 * 1024 * 1024)
    reader = Reader(kafka, topic)
    async with relaying(engine, Producer(kafka.bootstrap_servers)), reader.reading():
        await wait_until(lambda: drained(emptied), seconds=60)
        await wait_until(lambda: reader.has(8), seconds=60)
    assert await count(emptied, "outbox") == 0
    assert [orjson.loads(value or b"")["number"] for value in reader.seen] == list(range(8))
    settings = await settings_of(kafka, topic)
    assert (settings["max.message.bytes"], settings["retention.ms"]) == (str(LARGEST_MESSAGE_BYTES), "123456789")


async def test_a_batch_of_large_events_is_bounded_by_its_bytes(
    kafka: Kafka, topic: str, engine: AsyncEngine, emptied: Sessions
) -> None:
    await write(emptied, topic, "note", range(5), size=6 * 1024 * 1024)
    async with engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        moved = [await Relay(engine, Producer(kafka.bootstrap_servers)).step(connection) for _ in range(3)]
    assert moved == [3, 2, 0]
    assert await count(emptied, "outbox_sent") == 5


async def test_an_event_of_a_topic_that_is_announced_no_more_is_parked_and_holds_up_nothing(
    kafka: Kafka, topic: str, engine: AsyncEngine, emptied: Sessions
) -> None:
    await write(emptied, f"{topic}-of-before", "old", range(2))
    await write(emptied, topic, "new", range(3))
    relay = Relay(engine, Producer(kafka.bootstrap_servers), announced={topic})
    async with engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        assert await relay.step(connection) == 5
    assert (await count(emptied, "outbox_sent"), await count(emptied, "outbox")) == (3, 2)
    async with emptied() as session:
        parked = (await session.scalars(select(OutboxRow).where(OutboxRow.parked_at.is_not(None)))).all()
    assert {(row.topic, row.error) for row in parked} == {
        (f"{topic}-of-before", "This version of the service does not announce the topic.")
    }


async def make_topic(kafka: Kafka, topic: str, settings: dict[str, str]) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap_servers)
    await admin.start()
    await admin.create_topics([NewTopic(topic, 6, 1, topic_configs=settings)])
    await admin.close()


async def settings_of(kafka: Kafka, topic: str) -> dict[str, str]:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap_servers)
    await admin.start()
    answer = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
    await admin.close()
    return {name: value for name, value, *_ in answer[0].resources[0][4]}


async def test_a_batch_that_the_broker_finds_too_large_costs_only_the_message_at_fault(
    kafka: Kafka, topic: str, engine: AsyncEngine, emptied: Sessions
) -> None:
    narrow = f"{topic}.narrow"
    await make_topic(kafka, narrow, {"max.message.bytes": "8000"})
    await write(emptied, narrow, "note", range(20), size=1000)
    await write(emptied, narrow, "note", range(20, 21), size=9000)
    await write(emptied, narrow, "note", range(21, 40), size=1000)
    async with relaying(engine, Producer(kafka.bootstrap_servers)):
        await wait_until(lambda: drained(emptied))
    numbers = (await numbers_by_key(kafka, narrow))["note"]
    assert set(numbers) == set(range(40)) - {20}
    assert numbers[-1] == 39
    assert await count(emptied, "outbox", "parked_at is not null") == 1


async def test_only_one_of_two_relays_works_and_the_other_takes_over_when_it_dies(
    kafka: Kafka, topic: str, engine: AsyncEngine, emptied: Sessions
) -> None:
    first = asyncio.create_task(Relay(engine, Producer(kafka.bootstrap_servers)).run(asyncio.Event()))
    await wait_until(lambda: relays(emptied, 1))
    async with relaying(engine, Producer(kafka.bootstrap_servers)):
        await write(emptied, topic, "note", range(50))
        await wait_until(lambda: drained(emptied))
        assert await relays(emptied, 1)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        await write(emptied, topic, "note", range(50, 100))
        await wait_until(lambda: drained(emptied))
    assert (await numbers_by_key(kafka, topic))["note"] == list(range(100))


async def relays(sessions: Sessions, wanted: int) -> bool:
    return await count(sessions, "pg_locks", HELD) == wanted


async def test_a_relay_whose_connection_breaks_gives_way(
    postgres: str, kafka: Kafka, topic: str, engine: AsyncEngine, emptied: Sessions
) -> None:
    first = asyncio.create_task(Relay(engine, Producer(kafka.bootstrap_servers)).run(asyncio.Event()))
    await wait_until(lambda: relays(emptied, 1))
    admin = await asyncpg.connect(postgres)
    await admin.execute(f"select pg_terminate_backend(pid) from pg_locks where {HELD}")  # noqa: S608  (a constant)
    await admin.close()
    await asyncio.wait([first], timeout=20)
    assert first.done() and first.exception() is not None
    await write(emptied, topic, "note", range(3))
    async with relaying(engine, Producer(kafka.bootstrap_servers)):
        await wait_until(lambda: drained(emptied))
    assert (await numbers_by_key(kafka, topic))["note"] == [0, 1, 2]


async def test_what_was_rolled_back_was_never_announced(emptied: Sessions, topic: str) -> None:
    with pytest.raises(RuntimeError):
        async with transaction(emptied) as session:
            announce(session, topic, "note", event("note", 1))
            await session.flush()
            raise RuntimeError("changed my mind")
    assert await count(emptied, "outbox") == 0
