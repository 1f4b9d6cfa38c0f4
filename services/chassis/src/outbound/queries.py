"""Reads of outbound topics, for the API and for the worker."""

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from chassis.outbox import SentRow
from contracts.outbound import OUTBOUND, outbound_topic
from sqlalchemy import ColumnElement, case, exists, func, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from outbound.models import OutboundTopic
from outbound.schemas import OutboundTopicOut, TopicState


class Place(NamedTuple):
    """A topic: whose it is, and of which kind."""

    tenant: UUID
    kind: str


async def topics(session: AsyncSession) -> list[OutboundTopicOut]:
    """The topics of the tenant, by kind."""
    found = (await session.execute(select(OutboundTopic, _behind()).order_by(OutboundTopic.kind))).all()
    return [shown(row, behind=behind) for row, behind in found]


async def topic(session: AsyncSession, kind: str) -> OutboundTopicOut | None:
    """One topic of the tenant."""
    found = (await session.execute(select(OutboundTopic, _behind()).where(OutboundTopic.kind == kind))).first()
    return shown(found[0], behind=found[1]) if found else None


def shown(row: OutboundTopic, *, behind: bool) -> OutboundTopicOut:
    """A topic as the API shows it."""
    state = TopicState.WAITING if behind else TopicState.PUBLISHED
    if row.failures:
        state = TopicState.FAILING
    return OutboundTopicOut(
        kind=row.kind,
        topic=outbound_topic(row.tenant_id, row.kind),
        version=row.version,
        without=row.without,
        enabled=row.enabled,
        state=state if row.enabled else TopicState.DISABLED,
        position=row.position,
        error=row.error,
        changed_by=row.changed_by,
        changed_at=row.changed_at,
    )


async def due(session: AsyncSession, now: datetime, checked_before: datetime, *, failing: bool) -> list[Place]:
    """The topics that have events to publish, or whose log was not looked at for a time, and that nobody serves."""
    found = await session.execute(
        select(OutboundTopic.tenant_id, OutboundTopic.kind)
        .where(
            OutboundTopic.enabled,
            OutboundTopic.due_at <= now,
            OutboundTopic.failures > 0 if failing else OutboundTopic.failures == 0,
            or_(_behind(), OutboundTopic.due_at <= checked_before),
            or_(OutboundTopic.leased_until.is_(None), OutboundTopic.leased_until < now),
        )
        .order_by(OutboundTopic.due_at)
    )
    return [Place(*row) for row in found]


async def failing(session: AsyncSession) -> int:
    """The number of topics whose last attempt failed."""
    failed = select(func.count()).select_from(OutboundTopic)
    return await session.scalar(failed.where(OutboundTopic.enabled, OutboundTopic.failures > 0)) or 0


def _behind() -> ColumnElement[bool]:
    source: Any = case(OUTBOUND, value=OutboundTopic.kind, else_=literal(""))
    return exists().where(
        SentRow.tenant_id == OutboundTopic.tenant_id,
        SentRow.position > OutboundTopic.position,
        SentRow.topic == source,
    )
