"""Waiting for conditions, and reading what a broker really holds."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from chassis.db import Sessions, transaction
from chassis.events import Event
from chassis.outbox import announce
from chassis.testing import TENANT
from sqlalchemy import func, select, text
from uuid_utils.compat import uuid7

Condition = Callable[[], Awaitable[bool]]


async def wait_until(condition: Condition, seconds: float = 20) -> None:
    """Return as soon as the condition holds; fail when it does not in time."""
    end = time.monotonic() + seconds
    while not await condition():
        assert time.monotonic() < end, "waited in vain"
        await asyncio.sleep(0.02)


async def messages(servers: str, topic: str) -> list[ConsumerRecord]:
    """All that a topic holds now, partition by partition, in order."""
    async with AIOKafkaConsumer(bootstrap_servers=servers, auto_offset_reset="earliest") as consumer:
        partitions = [TopicPartition(topic, number) for number in range(6)]
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        found: list[ConsumerRecord] = []
        while any([await consumer.position(each) < ends[each] for each in partitions]):
            for records in (await consumer.getmany(timeout_ms=500)).values():
                found += records
    return sorted(found, key=lambda record: (record.partition, record.offset))


def event(subject: str, number: int, size: int = 0) -> Event:
    """The event number so and so of a record."""
    return Event(
        id=str(uuid7()),
        source="/notebook",
        type="notebook.note.changed.v1",
        subject=subject,
        time=datetime.now(UTC),
        data={"number": number, "ballast": "x" * size},
        tenant=str(TENANT),
        sequence=str(number),
    )


async def write(sessions: Sessions, topic: str, subject: str, numbers: range, size: int = 0) -> None:
    """Commit events of one record, each in a transaction of its own."""
    for number in numbers:
        async with transaction(sessions) as session:
            announce(session, topic, subject, event(subject, number, size))


async def count(sessions: Sessions, table: str, condition: str = "true") -> int:
    """How many rows there are."""
    async with transaction(sessions) as session:
        found = await session.scalar(select(func.count()).select_from(text(table)).where(text(condition)))
    return int(found or 0)
