"""How far the hub has read: one row a partition, kept in the transaction of the merge. It belongs to no tenant."""

from uuid import UUID

import structlog
from adjustments.statements import Statement
from chassis.bus import Positions
from chassis.resend import TOPIC_LOGS, notice
from chassis.topics import Logs
from sqlalchemy import BigInteger, Column, Integer, Table, Text, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.store.tables import Base

log = structlog.get_logger()

POSITIONS = Table(
    "positions",
    Base.metadata,
    Column("topic", Text, primary_key=True),
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("next_offset", BigInteger, nullable=False),
)


async def logs(session: AsyncSession) -> dict[str, UUID]:
    """Which log of each topic the positions belong to."""
    return {row.topic: row.log_id for row in await session.execute(select(TOPIC_LOGS))}


async def begin_anew(session: AsyncSession, found: Logs) -> None:
    """Read topics from the start whose log is another one than the positions belong to: the broker lost the old one."""
    if changed := await notice(session, found):
        log.error("broker_lost_its_log", topics=changed)
        await session.execute(update(POSITIONS).where(POSITIONS.c.topic.in_(changed)).values(next_offset=0))


async def positions(session: AsyncSession) -> Positions:
    """The next offset to read, per topic and partition."""
    found = await session.execute(select(POSITIONS))
    return {(row.topic, row.partition): row.next_offset for row in found}


async def lock_positions(session: AsyncSession, keys: list[tuple[str, int]]) -> Positions:
    """The next offsets of these partitions, locked: a reader that lost a partition finds its batch already done.

    Only these: workers that read other partitions go on beside.
    """
    stored = await _locked_positions(session, keys)
    if missing := [key for key in keys if key not in stored]:
        rows = [{"topic": topic, "partition": partition, "next_offset": 0} for topic, partition in sorted(missing)]
        await session.execute(insert(POSITIONS).values(rows).on_conflict_do_nothing())
        stored = await _locked_positions(session, keys)
    return stored


async def _locked_positions(session: AsyncSession, keys: list[tuple[str, int]]) -> Positions:
    topics, partitions = zip(*keys, strict=True)
    found = await LOCKED.fetch(session, {"topics": topics, "partitions": partitions})
    return {(row["topic"], row["partition"]): row["next_offset"] for row in found}


LOCKED = Statement("""
    select positions.* from positions
    join unnest(cast(:topics as text[]), cast(:partitions as int[])) as n(topic, partition) using (topic, partition)
    order by topic, partition for update of positions
    """)
ADVANCE = Statement("""
    update positions set next_offset = n.next_offset
    from unnest(cast(:topics as text[]), cast(:partitions as int[]), cast(:offsets as bigint[]))
        as n(topic, partition, next_offset)
    where (positions.topic, positions.partition) = (n.topic, n.partition)
    """)


async def advance(session: AsyncSession, reached: Positions) -> None:
    """Store the offsets to continue at."""
    if reached:
        keys, offsets = zip(*sorted(reached.items()), strict=True)
        topics, partitions = zip(*keys, strict=True)
        await ADVANCE.fetch(session, {"topics": topics, "partitions": partitions, "offsets": offsets})
