"""Verifies the keys that callers present."""

import asyncio
import hmac
from datetime import datetime, timedelta
from typing import NamedTuple

from chassis import clock
from chassis.auth import Principal
from chassis.db import transaction
from chassis.errors import Unauthenticated
from fastapi import FastAPI
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from access.api_keys import rules
from access.api_keys.models import ApiKey
from access.api_keys.rules import Presented
from access.remembered import Remembered

KEY_SECONDS = 5
"""How long a process accepts a key as it has read it: a revoked key is refused after this time at the latest."""

LAST_USE = timedelta(minutes=1)
READS_AT_ONCE = 3
"""Keys that do not exist are looked up too: they never take all connections of the pool."""

ISSUER = "api-keys"
NO_DIGEST = bytes(32)


class _Accepted(NamedTuple):
    caller: Principal
    expires_at: datetime


class Keys:
    """The keys of a service's database."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self._known = Remembered(self._read, KEY_SECONDS)
        self._reads = asyncio.Semaphore(READS_AT_ONCE)

    async def verify(self, key: str) -> Principal:
        """The caller of a key. Raises `Unauthenticated`, the same for a key that is unknown, revoked or expired."""
        presented = rules.presented(key)
        if presented is None:
            raise _refused()
        accepted = await self._known.get(presented)
        if clock.now() >= accepted.expires_at:
            raise _refused()
        return accepted.caller

    async def _read(self, presented: Presented) -> _Accepted:
        """The use of the key is stored by this transaction, not by that of the request."""
        async with self._reads, transaction(self._app.state.sessions, presented.tenant) as session:
            now = clock.now()
            row = await session.get(ApiKey, presented.id)
            # Compared also when there is no such key, so that the time of the answer does not tell.
            fits = hmac.compare_digest(NO_DIGEST if row is None else row.digest, presented.digest)
            if row is None or not fits or not row.in_force(now):
                raise _refused()
            if row.last_used_at is None or row.last_used_at + LAST_USE <= now:
                await _used(session, row, now)
            caller = Principal(rules.subject(row.id), presented.tenant, frozenset(row.scopes), ISSUER)
            return _Accepted(caller, row.expires_at)


async def _used(session: AsyncSession, row: ApiKey, now: datetime) -> None:
    """Store the use, unless another transaction has locked the row: it is being revoked, or stores the same."""
    free = select(ApiKey.id).where(ApiKey.id == row.id).with_for_update(skip_locked=True).scalar_subquery()
    await session.execute(update(ApiKey).where(ApiKey.id == free).values(last_used_at=now))


def _refused() -> Unauthenticated:
    return Unauthenticated(detail="The API key is not valid.")
