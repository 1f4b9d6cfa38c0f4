"""Numbers of documents. One is taken as late as can be: until the transaction ends, nobody else gets the next one."""

import numbering
from sqlalchemy.ext.asyncio import AsyncSession

from erp.sales.orders.models import Order
from erp.sales.orders.rules import NUMBERS


async def give_number(session: AsyncSession, row: Order) -> None:
    """The ERP takes the order on: it has a number from now on."""
    if row.number is None:
        row.number = await numbering.take(session, NUMBERS, row.ordered_on)
