"""Trying again what a system refused or what waits, because a person says so."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from gateway.api.deliveries import queries
from gateway.api.deliveries.schemas import Retried, Retry

MOST = 5_000
"""In one transaction; the answer says how many are left."""


async def retry(session: AsyncSession, wanted: Retry, now: datetime) -> Retried:
    """Make everything that is refused or waits due at once; the worker looks within a moment."""
    held = await queries.held(session, wanted, MOST)
    for delivery in held:
        delivery.retry(now)
    await session.flush()
    return Retried(retried=len(held), remaining=await queries.count_held(session, wanted))
