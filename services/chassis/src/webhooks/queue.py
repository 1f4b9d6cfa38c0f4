"""From sent events to messages, and what becomes of messages. Each function is one transaction of its caller.

Nothing is lost: a webhook's position moves in the transaction that writes its messages, and a message is settled only
after its receiver has answered.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from access.tenants import is_suspended
from chassis import outbox
from chassis.db import storable
from chassis.outbox import SentRow
from sqlalchemy import Row, exists, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from webhooks.models import MessageState, Webhook, WebhookMessage
from webhooks.rules import GONE, is_receivers_fault, pause, probe_pause
from webhooks.sending import Attempt

MOST_WAITING = 1000
"""Messages of one webhook that wait at once; later events stay in the feed until there is room."""

READ_AT_ONCE = 500
SENT_AT_ONCE = 20
LEASE_SECONDS = 60
EVENT = "application/cloudevents+json"


class Place(NamedTuple):
    """A webhook, and whose it is."""

    tenant: UUID
    id: UUID


class Outgoing(NamedTuple):
    """A message as it is sent; without a body its event is gone."""

    id: UUID
    event_id: UUID
    body: bytes | None


async def behind(session: AsyncSession) -> list[Place]:
    """The webhooks for which there are events that nobody has looked at."""
    later = exists().where(SentRow.tenant_id == Webhook.tenant_id, SentRow.position > Webhook.position)
    found = await session.execute(select(Webhook.tenant_id, Webhook.id).where(Webhook.enabled, later))
    return [Place(*row) for row in found]


async def due(session: AsyncSession, now: datetime) -> list[Place]:
    """The webhooks that have messages to be sent now, and that nobody serves."""
    waiting = exists().where(
        WebhookMessage.webhook_id == Webhook.id, WebhookMessage.state == "pending", WebhookMessage.due_at <= now
    )
    found = await session.execute(
        select(Webhook.tenant_id, Webhook.id)
        .where(Webhook.enabled, waiting, ~is_suspended(Webhook.tenant_id), *_free(now))
        .order_by(Webhook.id)
    )
    return [Place(*row) for row in found]


async def enqueue(session: AsyncSession, webhook_id: UUID) -> int:
    """Turn the next events into messages, as far as there is room; answer how many."""
    webhook = await session.scalar(select(Webhook).where(Webhook.id == webhook_id).with_for_update(skip_locked=True))
    if webhook is None:
        return 0
    waiting = select(func.count()).where(WebhookMessage.webhook_id == webhook_id, WebhookMessage.state == "pending")
    room = min(MOST_WAITING - (await session.scalar(waiting) or 0), READ_AT_ONCE)
    if room <= 0:
        return 0
    head = await outbox.head(session)
    found = await _events(session, webhook, head, room)
    session.add_all(
        WebhookMessage(tenant_id=webhook.tenant_id, webhook_id=webhook_id, **event._mapping) for event in found
    )
    webhook.position = found[-1].position if len(found) == room else max(head, webhook.position)
    return len(found)


async def take(session: AsyncSession, webhook_id: UUID, now: datetime) -> tuple[Webhook, list[Outgoing]] | None:
    """Lease a webhook and read what is to be sent; None when another process has it, or nothing is due.

    Of each record only the oldest message: the next one follows once that is settled. A receiver that fails gets one.
    """
    leased = update(Webhook).where(Webhook.id == webhook_id, Webhook.enabled, *_free(now))
    until = {"leased_until": now + timedelta(seconds=LEASE_SECONDS)}
    webhook = await session.scalar(leased.values(until).returning(Webhook))
    if webhook is None:
        return None
    limit = 1 if webhook.failures else SENT_AT_ONCE
    messages = [_outgoing(*row) for row in await session.execute(_first_of_each(webhook_id, now, limit))]
    if not messages:
        webhook.leased_until = None
        return None
    return webhook, messages


async def settle(
    session: AsyncSession, webhook_id: UUID, attempts: Mapping[UUID, Attempt | None], now: datetime
) -> None:
    """Take over what became of messages (None: the event was gone), and end the lease."""
    webhook = await session.get(Webhook, webhook_id, with_for_update=True, populate_existing=True)
    if webhook is None:  # It was deleted, and its messages with it.
        return
    messages = await session.scalars(select(WebhookMessage).where(WebhookMessage.id.in_(attempts)).with_for_update())
    for message in messages:
        _settle_one(message, attempts[message.id], now)
    made = [attempt for attempt in attempts.values() if attempt is not None]
    if any(attempt.status == GONE for attempt in made):
        webhook.disable("The receiver answered 410: it wants no more messages.")
    if any(not is_receivers_fault(attempt.status) for attempt in made):
        webhook.failures, webhook.paused_until = 0, None
    elif made:
        webhook.failures += 1
        webhook.paused_until = now + probe_pause(webhook.failures)
    webhook.leased_until = None


def _settle_one(message: WebhookMessage, attempt: Attempt | None, now: datetime) -> None:
    if attempt is None:
        message.finish(MessageState.SUPERSEDED, now)
        return
    message.attempts += 1
    message.attempted_at, message.status = now, attempt.status
    message.error = storable(attempt.error) if attempt.error else None
    again = pause(message.attempts)
    if attempt.delivered:
        message.finish(MessageState.DELIVERED, now)
    elif again is None:
        message.finish(MessageState.FAILED, now)
    else:
        message.due_at = now + again


async def _events(session: AsyncSession, webhook: Webhook, head: int, limit: int) -> Sequence[Row[Any]]:
    kind = SentRow.attributes["type"].astext
    wanted = [
        SentRow.tenant_id == webhook.tenant_id,
        SentRow.position > webhook.position,
        SentRow.position <= head,
        SentRow.topic.in_(webhook.topics),
        *([kind.in_(webhook.types)] if webhook.types else []),
    ]
    columns = (SentRow.position, SentRow.topic, SentRow.key, SentRow.event_id, kind.label("type"))
    return (await session.execute(select(*columns).where(*wanted).order_by(SentRow.position).limit(limit))).all()


def _first_of_each(webhook_id: UUID, now: datetime, limit: int) -> Any:
    message, earlier = WebhookMessage, aliased(WebhookMessage)
    before = exists().where(
        earlier.webhook_id == message.webhook_id,
        earlier.state == "pending",
        earlier.topic == message.topic,
        earlier.key == message.key,
        earlier.position < message.position,
    )
    return (
        select(message.id, message.event_id, SentRow.attributes, SentRow.data)
        .outerjoin(SentRow, SentRow.position == message.position)
        .where(message.webhook_id == webhook_id, message.state == "pending", message.due_at <= now, ~before)
        .order_by(message.position)
        .limit(limit)
    )


def _outgoing(message_id: UUID, event_id: UUID, attributes: Mapping[str, str] | None, data: bytes | None) -> Outgoing:
    if attributes is None or data is None:
        return Outgoing(message_id, event_id, None)
    body = orjson.dumps({**attributes, "datacontenttype": "application/json", "data": orjson.Fragment(data)})
    return Outgoing(message_id, event_id, body)


def _free(now: datetime) -> tuple[Any, ...]:
    return (
        or_(Webhook.paused_until.is_(None), Webhook.paused_until <= now),
        or_(Webhook.leased_until.is_(None), Webhook.leased_until < now),
    )
