"""Retrying refused and waiting deliveries on request."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncSession

from gateway.store import due
from gateway.store.due import Held

MOST = 5_000
"""The limit of one transaction; the answer contains the number of remaining ones."""


class Retried(NamedTuple):
    """The number of deliveries made due, and of those left for the next call."""

    retried: int
    remaining: int


async def retry(session: AsyncSession, wanted: Held, now: datetime) -> Retried:
    """Make all refused or waiting deliveries due at once; the worker sends them within moments."""
    held = await due.held(session, wanted, MOST)
    for delivery in held:
        delivery.retry(now)
    await session.flush()
    return Retried(len(held), await due.count_held(session, wanted))
