"""Taking the next number of a series: one statement, the database function `take_number` of the migration `numbers`."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from numbering.series import Series

TAKE = text("""
    select take_number(:name, :prefix, :digits, :per_year, year)
    from unnest(cast(:years as integer[])) with ordinality as n(year, place) order by place
    """)
"""PostgreSQL sorts the rows before it calls the function, because the function is volatile."""


async def take(session: AsyncSession, series: Series, on: date) -> str:
    """The next number of a series, for a record of this date.

    Until the transaction ends, other transactions that take one wait; after a rollback the next one gets the number.
    """
    (number,) = await take_all(session, series, [on])
    return number


async def take_all(session: AsyncSession, series: Series, on: Sequence[date]) -> list[str]:
    """The next numbers of a series, for records of these dates in their sequence, as `take`."""
    if not on:
        return []
    usual = {"name": series.name, "prefix": series.prefix, "digits": series.digits, "per_year": series.per_year}
    with session.no_autoflush:  # It reads only its counter.
        found = await session.scalars(TAKE, {**usual, "years": [each.year for each in on]})
    return list(found)
