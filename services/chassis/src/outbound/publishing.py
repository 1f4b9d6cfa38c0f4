"""From sent events to messages of an outbound topic. Each function is one transaction of its caller."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import orjson
from chassis import outbox
from chassis.bus import Message
from chassis.db import storable
from chassis.outbox import SentRow, batch_of, message_of
from contracts.outbound import OUTBOUND, left_out, outbound_topic
from sqlalchemy import or_, update
from sqlalchemy.ext.asyncio import AsyncSession

from outbound.models import OutboundTopic
from outbound.queries import Place

LEASE_SECONDS = 120
BATCH = 200
PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 5, 300
LONGEST_ERROR = 500


class Batch(NamedTuple):
    """The next messages of a topic, the position after them, and the log in which the messages before them are."""

    messages: list[Message]
    position: int
    log_id: UUID | None


async def take(session: AsyncSession, place: Place, now: datetime) -> Batch | None:
    """Lease a topic and read its next events; None when another process has it, or it was withdrawn."""
    leased = (
        update(OutboundTopic)
        .where(
            OutboundTopic.tenant_id == place.tenant,
            OutboundTopic.kind == place.kind,
            OutboundTopic.enabled,
            or_(OutboundTopic.leased_until.is_(None), OutboundTopic.leased_until < now),
        )
        .values(leased_until=now + timedelta(seconds=LEASE_SECONDS))
        .returning(OutboundTopic)
    )
    row = await session.scalar(leased)
    if row is None:
        return None
    # Read first: an event that is sent between the two reads is left to the next batch.
    head = await outbox.head(session)
    wanted = (
        SentRow.tenant_id == place.tenant,
        SentRow.topic == OUTBOUND[place.kind],
        SentRow.position > row.position,
        SentRow.position <= head,
    )
    found = (await session.execute(batch_of(SentRow, SentRow.position, *wanted, limit=BATCH))).all()
    topic = outbound_topic(place.tenant, place.kind)
    messages = [_message(message_of(each), topic, row.without) for each in found]
    return Batch(messages, found[-1].place if found else max(head, row.position), row.log_id)


async def settle(session: AsyncSession, place: Place, version_position: int, log_id: UUID, now: datetime) -> None:
    """The broker has all events up to a position, in this log."""
    row = await _locked(session, place)
    if row is not None:
        row.position, row.log_id, row.due_at = version_position, log_id, now
        row.failures, row.error, row.leased_until = 0, None, None


async def fail(session: AsyncSession, place: Place, error: str, now: datetime) -> None:
    """The broker has refused the topic, or did not answer: try again after a pause, which grows up to five minutes."""
    row = await _locked(session, place)
    if row is not None:
        row.failures += 1
        row.error = storable(error)[:LONGEST_ERROR]
        pause = min(PAUSE_SECONDS * 2 ** min(row.failures - 1, 10), LONGEST_PAUSE_SECONDS)
        row.due_at, row.leased_until = now + timedelta(seconds=pause), None


async def _locked(session: AsyncSession, place: Place) -> OutboundTopic | None:
    return await session.get(OutboundTopic, tuple(place), with_for_update=True, populate_existing=True)


def _message(message: Message, topic: str, without: Sequence[str]) -> Message:
    value = message.value
    if without and value is not None:
        value = orjson.dumps(left_out(orjson.loads(value), without))
    return Message(topic, message.key, value, message.headers)
