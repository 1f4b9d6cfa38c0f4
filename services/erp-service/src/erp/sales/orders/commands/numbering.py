"""Numbers of documents. Taken as late as possible, because the counter is locked until the transaction ends."""

from collections.abc import Sequence
from uuid import UUID

import numbering
from sqlalchemy.ext.asyncio import AsyncSession

from erp.sales.orders.models import Order
from erp.sales.orders.rules import NUMBERS


async def numbers_for(session: AsyncSession, rows: Sequence[Order]) -> dict[UUID, str]:
    """The number of each order: a new one of the ERP for those that have none, in this sequence."""
    without = [row for row in rows if row.number is None]
    taken = await numbering.take_all(session, NUMBERS, [row.ordered_on for row in without])
    known = {row.id: row.number for row in rows if row.number is not None}
    return known | {row.id: number for row, number in zip(without, taken, strict=True)}


async def give_number(session: AsyncSession, row: Order) -> None:
    """Assign the ERP's number to the order."""
    row.number = (await numbers_for(session, [row]))[row.id]
