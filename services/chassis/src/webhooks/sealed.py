"""Secrets of webhooks at rest: each is sealed about its webhook. One from before secrets were sealed has 32 bytes."""

from collections.abc import Sequence
from uuid import UUID

import structlog
from chassis.db import Sessions, transaction
from chassis.worker import each_alone
from sealing import NotSealed, Seal
from sqlalchemy import select

from webhooks.models import Webhook
from webhooks.queue import Place
from webhooks.rules import SECRET_BYTES

log = structlog.get_logger()


def sealed(seal: Seal, webhook_id: UUID, secret: bytes) -> bytes:
    """What is stored of a secret. Raise `NoKey`."""
    return seal.sealed(secret, about=_about(webhook_id))


def opened(seal: Seal, webhook_id: UUID, stored: bytes) -> bytes:
    """The secret. Raise `NoKey`, `NotSealed`."""
    return stored if len(stored) == SECRET_BYTES else seal.opened(stored, about=_about(webhook_id))


async def seal_all(sessions: Sessions, keys: Sequence[str]) -> int:
    """Seal every secret with the first key that is not; returns for how many webhooks. A restart does the rest."""
    async with transaction(sessions) as session:
        places = [Place(*row) for row in await session.execute(select(Webhook.tenant_id, Webhook.id))]
    changed: list[UUID] = []

    async def one(place: Place) -> None:
        async with transaction(sessions, place.tenant) as session:
            row = await session.get(Webhook, place.id, with_for_update=True)
            if row is not None and _seal_anew(row, keys):
                changed.append(row.id)

    await each_alone(places, one)
    if changed:
        log.info("webhook_secrets_sealed", webhooks=len(changed))
    return len(changed)


def _seal_anew(row: Webhook, keys: Sequence[str]) -> bool:
    before = row.secret, row.previous_secret
    row.secret = _by_first_key(row.id, row.secret, keys)
    if row.previous_secret is not None:
        row.previous_secret = _by_first_key(row.id, row.previous_secret, keys)
    return before != (row.secret, row.previous_secret)


def _by_first_key(webhook_id: UUID, stored: bytes, keys: Sequence[str]) -> bytes:
    first = Seal(keys[:1])
    try:
        if len(stored) != SECRET_BYTES:
            first.opened(stored, about=_about(webhook_id))
            return stored
    except NotSealed:
        pass
    return sealed(first, webhook_id, opened(Seal(keys), webhook_id, stored))


def _about(webhook_id: UUID) -> str:
    return f"webhook:{webhook_id}"
