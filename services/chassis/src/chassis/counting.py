"""Counting up to a bound: a number that is polled costs the same, however much there is of what it counts."""

from collections.abc import Mapping
from typing import Any, TypeVar

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

Key = TypeVar("Key")
MOST = 10_000
"""A count that has reached it says "this many or more"."""


async def counts(session: AsyncSession, wanted: Mapping[Key, Select[Any]]) -> dict[Key, int]:
    """How many rows each statement finds, `MOST` at most, in one round trip.

    Each needs an index on exactly its conditions: rows that a condition leaves out are not counted, but are read.
    """
    if not wanted:
        return {}
    bounded = (select(func.count()).select_from(each.limit(MOST).subquery()) for each in wanted.values())
    found = (await session.execute(select(*(each.scalar_subquery() for each in bounded)))).one()
    return dict(zip(wanted, found, strict=True))


def at_least(found: Mapping[str, int]) -> list[str]:
    """The names of the counts that have reached the bound."""
    return [name for name, number in found.items() if number >= MOST]
