"""Make and revoke keys."""

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from chassis import clock
from chassis.db import uuid7
from chassis.errors import Malformed, NotFound
from localisation import Phrase
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from access.api_keys import rules
from access.api_keys.models import ApiKey, TooManyKeys
from access.api_keys.schemas import MOST_DAYS

MOST_KEYS = 100


async def create(
    session: AsyncSession, tenant: UUID, name: str, scopes: Collection[str], expires_at: datetime | None, actor: str
) -> tuple[ApiKey, str]:
    """A new key of this tenant, and its text, which is not stored. Raises `Malformed` for the time, `TooManyKeys`."""
    now = clock.now()
    latest = now + timedelta(days=MOST_DAYS)
    if expires_at is not None and not now < expires_at <= latest:
        message = Phrase("later than now, and at most {most_days} days from now", most_days=MOST_DAYS)
        raise Malformed(errors=[{"field": "expires_at", "code": "range", "message": message}])
    in_force = select(func.count()).where(ApiKey.revoked_at.is_(None), ApiKey.expires_at > now)
    if (await session.scalar(in_force) or 0) >= MOST_KEYS:
        raise TooManyKeys(most=MOST_KEYS)
    key_id = uuid7()
    key = rules.new_key(tenant, key_id)
    row = ApiKey(
        id=key_id,
        tenant_id=tenant,
        name=name,
        scopes=sorted(scopes),
        digest=rules.digest(key),
        created_by=actor,
        created_at=now,
        expires_at=expires_at or latest,
    )
    session.add(row)
    await session.flush()
    return row, key


async def revoke(session: AsyncSession, key_id: UUID, actor: str) -> ApiKey:
    """Revoke a key. Raises `NotFound`."""
    row = await session.get(ApiKey, key_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound(id=key_id)
    row.revoke(actor, clock.now())
    await session.flush()
    return row
