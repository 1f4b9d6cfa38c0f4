"""What sales does with an order beyond drafting it: hand it to the ERP, take it back, ask something of the ERP."""

from uuid import UUID

import numbering
from chassis import clock
from chassis.db import uuid7
from chassis.replication import edit
from contracts.order import OrderRequest
from records import reads
from sqlalchemy.ext.asyncio import AsyncSession

from crm.sales.orders.events import ORDER
from crm.sales.orders.models import Order
from crm.sales.orders.records import ORDERS
from crm.sales.orders.rules import NUMBERS
from crm.sales.orders.schemas import RequestBody


async def submit(session: AsyncSession, order_id: UUID, actor: str) -> Order:
    """Hand a draft to the ERP, which decides on it from here on. One that was entered there gets its sales number.

    Raise `OrderStateForbids`, `NothingOrdered`.
    """
    row = await reads.by_id(session, ORDERS, order_id, lock=True)
    with edit(session, ORDER, row, actor):
        row.submit(clock.now())
        if row.sales_number is None:
            row.change({"sales_number": await numbering.take(session, NUMBERS, row.ordered_on)})
    await session.flush()
    return row


async def cancel(session: AsyncSession, order_id: UUID, why: str, actor: str) -> Order:
    """Take back an order that the ERP has not decided on. Raise `OrderStateForbids`."""
    row = await reads.by_id(session, ORDERS, order_id, lock=True)
    with edit(session, ORDER, row, actor):
        row.cancel(why)
    await session.flush()
    return row


async def ask(session: AsyncSession, order_id: UUID, body: RequestBody, actor: str) -> Order:
    """Ask the ERP to cancel or change an order that it has. Its answer arrives as the order's `answer`.

    Raise `OrderStateForbids`, `RequestOpen`, and `UnknownOrderLine` for a wish about a line of another order.
    """
    row = await reads.by_id(session, ORDERS, order_id, lock=True)
    with edit(session, ORDER, row, actor):
        row.ask(OrderRequest(id=uuid7(), kind=body.kind, reason=body.reason, lines=tuple(body.lines)))
    await session.flush()
    return row
