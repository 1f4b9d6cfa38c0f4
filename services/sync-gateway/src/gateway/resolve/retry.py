"""Trying again what a system refused or what waits, because a person says so."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncSession

from gateway.store import due
from gateway.store.due import Held

MOST = 5_000
"""In one transaction; the answer says how many are left."""


class Retried(NamedTuple):
    """How many are due at once, and how many are left for the next call."""

    retried: int
    remaining: int


async def retry(session: AsyncSession, wanted: Held, now: datetime) -> Retried:
    """Make everything that is refused or waits due at once; the worker looks within a moment."""
    held = await due.held(session, wanted, MOST)
    for delivery in held:
        delivery.retry(now)
    await session.flush()
    return Retried(len(held), await due.count_held(session, wanted))
