"""Taking the next number of a series: one statement, the database function `take_number` of the migration `numbers`."""

from datetime import date

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncSession

from numbering.series import Series

TAKE = text("select take_number(:name, :prefix, :digits, :per_year, :year)")


async def take(session: AsyncSession, series: Series, on: date) -> str:
    """The next number of a series, for a record of this date.

    Until the transaction ends, other transactions that take one wait; after a rollback the next one gets the number.
    """
    usual = {"name": series.name, "prefix": series.prefix, "digits": series.digits, "per_year": series.per_year}
    with session.no_autoflush:  # It reads only its counter.
        number: str = (await session.execute(TAKE, {**usual, "year": on.year})).scalar_one()
    return number


def drawn_by_default(series: Series) -> TextClause:
    """The default of a column that numbers its rows, for every writer. Only for a series without years."""
    return text(f"take_number('{series.name}', '{series.prefix}', {series.digits}, false, 0)")
