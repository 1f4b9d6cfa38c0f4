"""Numbers of documents. Taken as late as possible, because the counter is locked until the transaction ends."""

import numbering
from sqlalchemy.ext.asyncio import AsyncSession

from erp.sales.orders.models import Order
from erp.sales.orders.rules import NUMBERS


async def give_number(session: AsyncSession, row: Order) -> None:
    """Assign the ERP's number to the order."""
    if row.number is None:
        row.number = await numbering.take(session, NUMBERS, row.ordered_on)
