"""Numbers of documents. One is taken as late as can be: until the transaction ends, nobody else gets the next one."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from erp.sales.orders.models import Order

NEXT = text("select next_number(:counter, :prefix)")


async def give_number(session: AsyncSession, row: Order) -> None:
    """The ERP takes the order on: it has a number from now on."""
    if row.number is None:
        row.number = await next_number(session, "order", "O-")


async def next_number(session: AsyncSession, counter: str, prefix: str) -> str:
    """The next number of a kind of document."""
    with session.no_autoflush:  # It reads nothing but its counter.
        number: str = (await session.execute(NEXT, {"counter": counter, "prefix": prefix})).scalar_one()
    return number
