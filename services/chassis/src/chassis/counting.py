"""Counting up to a bound: the cost of a polled count does not grow with the number of rows."""

from collections.abc import Mapping
from typing import Any, TypeVar

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

Key = TypeVar("Key")
MOST = 10_000
"""A count that has reached it means "this many or more"."""


async def counts(session: AsyncSession, wanted: Mapping[Key, Select[Any]]) -> dict[Key, int]:
    """The number of rows that each statement finds, at most `MOST`, in one round trip.

    Each needs an index on exactly its conditions: rows that do not match would be read without being counted.
    """
    if not wanted:
        return {}
    bounded = (select(func.count()).select_from(each.limit(MOST).subquery()) for each in wanted.values())
    found = (await session.execute(select(*(each.scalar_subquery() for each in bounded)))).one()
    return dict(zip(wanted, found, strict=True))


def at_least(found: Mapping[str, int]) -> list[str]:
    """The names of the counts that have reached the bound."""
    return [name for name, number in found.items() if number >= MOST]
