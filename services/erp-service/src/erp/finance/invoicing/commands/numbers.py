"""Numbers of documents: gapless per company and year of issue."""

from datetime import date

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession


async def next_number(session: AsyncSession, series: str, issued_on: date) -> str:
    """The next number, `INV-2026-000001`, in the transaction of the document that gets it.

    The counter stays locked until that transaction ends, and goes back with it: no number is given twice or lost. All
    who issue for a company wait here, so it is taken last.
    """
    prefix = f"{series}-{issued_on.year:04}"
    with session.no_autoflush:  # It reads nothing but its counter.
        number: str = (await session.scalars(select(func.next_number(prefix, f"{prefix}-")))).one()
    return number
