"""Sending events again: on request, or because the broker has lost its log.

The relay does it, beside pending events, from `outbox_sent` in the order of its positions up to the head. So the log of
a topic ends with the newest event of each key, and nothing is stored twice: a resent event is the same event, which
consumers drop by its id or its sequence.
"""

import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Column,
    Identity,
    Index,
    Select,
    Table,
    Text,
    Uuid,
    func,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from chassis import telemetry
from chassis.bus import Producer
from chassis.db import Base
from chassis.outbox import SentRow, batch_of, message_of
from chassis.topics import Logs
from chassis.wakeup import notify

log = structlog.get_logger()
LOOK_SECONDS = 1.0
BATCH = 500
WINDOW = 5000
"""The number of positions that are searched in one step: a step is short even if few events match."""

TOPIC_LOGS = Table(
    "topic_logs",
    Base.metadata,
    Column("topic", Text, primary_key=True),
    Column("log_id", Uuid(), nullable=False),
)
"""The log (topic id) of each topic that this service has sent to or read from. It belongs to no tenant."""


class Resend(Base):
    """One request: which events, and the position reached. Without tenant, topics or time it is all of them."""

    __tablename__ = "outbox_resends"
    __table_args__ = (Index("ix_outbox_resends_open", "id", postgresql_where=text("finished_at is null")),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    tenant_id: Mapped[UUID | None] = mapped_column(nullable=True)  # type: ignore[assignment]  # None: every tenant
    topics: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    since: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(Text)
    position: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    sent: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    requested_at: Mapped[datetime] = mapped_column(server_default=func.now())
    finished_at: Mapped[datetime | None]


async def request(
    session: AsyncSession,
    reason: str,
    topics: Sequence[str] | None = None,
    since: datetime | None = None,
    tenant: UUID | None = None,
) -> Resend:
    """Request a resend of these events."""
    asked = Resend(reason=reason, topics=None if topics is None else sorted(topics), since=since, tenant_id=tenant)
    session.add(asked)
    await session.flush()
    await notify(session)
    await session.refresh(asked)
    return asked


async def notice(session: AsyncSession, logs: Logs) -> list[str]:
    """Store the log of each topic; returns the topics whose log has changed."""
    known = select(TOPIC_LOGS).where(TOPIC_LOGS.c.topic.in_(logs)).order_by(TOPIC_LOGS.c.topic).with_for_update()
    before = {row.topic: row.log_id for row in await session.execute(known)}
    changed = sorted(topic for topic, log_id in before.items() if logs[topic] != log_id)
    for topic in changed:
        await session.execute(update(TOPIC_LOGS).where(TOPIC_LOGS.c.topic == topic).values(log_id=logs[topic]))
    if new := sorted(logs.keys() - before.keys()):
        rows = [{"topic": topic, "log_id": logs[topic]} for topic in new]
        await session.execute(insert(TOPIC_LOGS).values(rows).on_conflict_do_nothing())
    return changed


async def resend_to_new_logs(session: AsyncSession, logs: Logs) -> None:
    """Request a resend of all events to topics with a new log, which does not contain them."""
    if changed := await notice(session, logs):
        log.error("broker_lost_its_log", topics=changed)
        await request(session, "the broker has a new log", changed)


class Resending:
    """The relay's part: one batch a step, the oldest request first. Only the holder of the relay's lock may call it."""

    def __init__(self, producer: Producer) -> None:
        self.producer = producer
        self._look_at = 0.0

    async def step(self, connection: AsyncConnection) -> int:
        """Send one batch of the oldest request again; returns the number of processed positions. Raises
        `BrokerAway`."""
        if time.monotonic() < self._look_at:
            return 0
        asked = (await connection.execute(OPEN)).first()
        if asked is None:
            self._look_at = time.monotonic() + LOOK_SECONDS
            return 0
        head = (await connection.execute(select(func.coalesce(func.max(SentRow.position), 0)))).scalar_one()
        end = min(head, asked.position + WINDOW)
        found = (await connection.execute(_wanted(asked, end))).all()
        outcomes = await self.producer.send([message_of(row) for row in found])
        # A batch may contain fewer rows than requested because of its size limit: the rest of the window is searched
        # again.
        reached: int = found[-1].place if found else end
        sent = sum(outcome is None for outcome in outcomes)
        values = {"position": reached, "sent": Resend.sent + sent}
        if reached >= head:
            values["finished_at"] = func.now()
            log.info("resent", id=asked.id, events=asked.sent + sent, reason=asked.reason)
        await connection.execute(update(Resend).where(Resend.id == asked.id).values(values))
        telemetry.OUTBOX_RESENT.inc(sent)
        return max(1, reached - int(asked.position))


def _wanted(asked: Any, end: int) -> Select[Any]:
    conditions = [SentRow.position > asked.position, SentRow.position <= end]
    if asked.tenant_id is not None:
        conditions.append(SentRow.tenant_id == asked.tenant_id)
    if asked.topics is not None:
        conditions.append(SentRow.topic.in_(asked.topics))
    if asked.since is not None:
        conditions.append(SentRow.created_at >= asked.since)
    return batch_of(SentRow, SentRow.position, *conditions, limit=BATCH)


OPEN = (
    select(Resend.id, Resend.tenant_id, Resend.topics, Resend.since, Resend.reason, Resend.position, Resend.sent)
    .where(Resend.finished_at.is_(None))
    .order_by(Resend.id)
    .limit(1)
)
