"""Create, change and delete webhooks, rotate their secrets, and send a message again.

A webhook carries what its author may read: whoever changes where it sends, or gets a secret of it, may read that too.
"""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from chassis import clock, outbox
from chassis.auth import Principal
from chassis.db import uuid7
from chassis.errors import Malformed, NotFound
from chassis.patch import patched
from localisation import Phrase
from sealing import Seal
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from webhooks.models import KindNotReadable, TooManyWebhooks, Webhook, WebhookMessage
from webhooks.rules import new_secret
from webhooks.schemas import WebhookBody
from webhooks.sealed import sealed

MOST_WEBHOOKS = 50
Scopes = Mapping[str, str]
"""Topic -> the scope that shows its events."""


async def create(
    session: AsyncSession, body: WebhookBody, caller: Principal, scopes: Scopes, seal: Seal
) -> tuple[Webhook, bytes]:
    """A new webhook, of the events from now on, with its secret. Raise `KindNotReadable`, `TooManyWebhooks`."""
    topics = readable(body.kinds, caller, scopes)
    if (await session.scalar(select(func.count()).select_from(Webhook)) or 0) >= MOST_WEBHOOKS:
        raise TooManyWebhooks(most=MOST_WEBHOOKS)
    webhook_id, secret = uuid7(), new_secret()
    row = Webhook(
        id=webhook_id,
        **body.model_dump(),
        topics=topics,
        secret=sealed(seal, webhook_id, secret),
        position=await outbox.head(session),
        created_by=caller.subject,
    )
    session.add(row)
    await session.flush()
    return row, secret


def rotate(row: Webhook, seal: Seal) -> bytes:
    """A new secret, in place of the one before."""
    secret = new_secret()
    row.rotate(sealed(seal, row.id, secret), clock.now())
    return secret


async def change(session: AsyncSession, row: Webhook, patch: Any, caller: Principal, scopes: Scopes) -> None:
    """Change the fields named. Raise `KindNotReadable`, `Malformed`."""
    present = {name: getattr(row, name) for name in WebhookBody.model_fields}
    body = patched(WebhookBody, present, patch)
    topics = readable({*body.kinds, *row.kinds}, caller, scopes)
    values = body.model_dump()
    if values != present:
        row.change({**values, "topics": [topic for topic in topics if _kind_of(topic) in body.kinds]})
        row.count_on()
        await session.flush()


def readable(kinds: Collection[str], caller: Principal, scopes: Scopes) -> list[str]:
    """The topics of these kinds. Raise `Malformed` for an unknown kind, `KindNotReadable` for one without the scope."""
    known = {_kind_of(topic) for topic in scopes}
    if unknown := sorted(set(kinds) - known):
        message = Phrase(
            "unknown: {unknown}; the kinds are: {known}", unknown=", ".join(unknown), known=", ".join(sorted(known))
        )
        raise Malformed(errors=[{"field": "kinds", "code": "choice", "message": message}])
    topics = {topic: scope for topic, scope in scopes.items() if _kind_of(topic) in kinds}
    if closed := sorted({_kind_of(topic) for topic, scope in topics.items() if scope not in caller.scopes}):
        raise KindNotReadable(kinds=", ".join(closed))
    return sorted(topics)


async def locked(session: AsyncSession, webhook_id: UUID) -> Webhook:
    """One webhook, locked. Raise `NotFound`."""
    row = await session.get(Webhook, webhook_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound(id=webhook_id)
    return row


async def replay(session: AsyncSession, message_id: UUID) -> WebhookMessage:
    """Send a message again. Raise `NotFound`, `NotReplayable`."""
    row = await session.get(WebhookMessage, message_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound(id=message_id)
    row.replay(clock.now())
    await session.flush()
    return row


def _kind_of(topic: str) -> str:
    return topic.split(".")[1]
