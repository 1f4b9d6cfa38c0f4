"""The messages on the broker that the hub has not read: their number and age, by partition."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from chassis.bus import Positions
from chassis.health import Trouble
from sqlalchemy import BigInteger, Column, DateTime, Integer, Table, Text, delete, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.store.tables import Base

STALLED_SECONDS = 30.0
"""The time that a partition with messages may be unread before readiness fails."""

MOST_SAMPLES = 600
Partition = tuple[str, int]

UNREAD = Table(
    "unread",
    Base.metadata,
    Column("topic", Text, primary_key=True),
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("next_offset", BigInteger, nullable=False),
    Column("messages", BigInteger, nullable=False),
    Column("oldest_at", DateTime(timezone=True), nullable=False),
    Column("stalled_since", DateTime(timezone=True), nullable=False),
)
"""One row per partition with unread messages. It belongs to no tenant, and is not the row that ingest locks."""

WRITE = text("""
    with read as (
        delete from unread using unnest(cast(:read_topics as text[]), cast(:read_partitions as int[])) as n(topic, part)
        where (unread.topic, unread.partition) = (n.topic, n.part)
    )
    insert into unread (topic, partition, next_offset, messages, oldest_at, stalled_since)
    select * from unnest(cast(:topics as text[]), cast(:partitions as int[]), cast(:offsets as bigint[]),
                         cast(:messages as bigint[]), cast(:oldest as timestamptz[]), cast(:stalled as timestamptz[]))
    on conflict (topic, partition) do update set next_offset = excluded.next_offset, messages = excluded.messages,
        oldest_at = excluded.oldest_at, stalled_since = excluded.stalled_since
    """)


class Unread(NamedTuple):
    """The unread messages of a partition. `stalled_since`: none of them was read since then."""

    next_offset: int
    messages: int
    oldest_at: datetime
    stalled_since: datetime


class _Sample(NamedTuple):
    end: int
    seen_at: datetime


class Backlog:
    """Ends of partitions over time: the age of a message counts from the first check that found it."""

    def __init__(self, known: Mapping[Partition, Unread]) -> None:
        self._samples: dict[Partition, list[_Sample]] = defaultdict(list)
        self._moved: dict[Partition, tuple[int, datetime]] = {}
        for partition, unread in known.items():
            self._samples[partition] = [_Sample(unread.next_offset + unread.messages, unread.oldest_at)]
            self._moved[partition] = (unread.next_offset, unread.stalled_since)

    def note(self, stored: Positions, ends: Positions, now: datetime) -> dict[Partition, Unread | None]:
        """The unread messages of each partition; None when there are none."""
        return {partition: self._look(partition, stored.get(partition, 0), end, now) for partition, end in ends.items()}

    def _look(self, partition: Partition, offset: int, end: int, now: datetime) -> Unread | None:
        samples = [sample for sample in self._samples[partition] if offset < sample.end <= end]
        if offset >= end:
            samples, self._moved[partition] = [], (offset, now)
        elif not samples or end > samples[-1].end:
            samples.append(_Sample(end, now))
        if len(samples) > MOST_SAMPLES:
            del samples[1::2]
        self._samples[partition] = samples
        if self._moved.get(partition, (-1, now))[0] != offset:
            self._moved[partition] = (offset, now)
        if not samples:
            return None
        oldest = samples[0].seen_at
        return Unread(offset, end - offset, oldest, max(oldest, self._moved.setdefault(partition, (offset, now))[1]))


async def known(session: AsyncSession) -> dict[Partition, Unread]:
    """The last written rows, of any process."""
    rows = await session.execute(select(UNREAD))
    return {(r.topic, r.partition): Unread(r.next_offset, r.messages, r.oldest_at, r.stalled_since) for r in rows}


async def forget_others(session: AsyncSession, topics: Sequence[str]) -> None:
    """Delete the rows of topics that are no longer read."""
    await session.execute(delete(UNREAD).where(UNREAD.c.topic.not_in(topics)))


async def write(session: AsyncSession, found: Mapping[Partition, Unread | None]) -> None:
    """Publish the rows to the other processes, in one statement."""
    rows = [(*partition, *unread) for partition, unread in found.items() if unread is not None]
    read = [partition for partition, unread in found.items() if unread is None]
    names = ("topics", "partitions", "offsets", "messages", "oldest", "stalled")
    columns = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)) if rows else {n: [] for n in names}
    gone = {"read_topics": [topic for topic, _ in read], "read_partitions": [number for _, number in read]}
    await session.execute(WRITE, {**columns, **gone})


def of_system(unread: Mapping[Partition, Unread], system: str) -> list[Unread]:
    """The unread messages of one system."""
    return [each for (topic, _), each in unread.items() if topic.startswith(f"{system}.")]


def stalled(unread: Mapping[Partition, Unread], paused: Iterable[str], now: datetime) -> list[Trouble]:
    """The partitions that are not read although their system is not paused."""
    held, before = set(paused), now - timedelta(seconds=STALLED_SECONDS)
    return [
        Trouble(f"{topic}[{number}]", each.stalled_since, f"{each.messages} messages are not read")
        for (topic, number), each in sorted(unread.items())
        if topic.partition(".")[0] not in held and each.stalled_since < before
    ]
