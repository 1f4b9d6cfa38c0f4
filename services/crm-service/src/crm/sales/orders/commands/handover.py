"""Commands on orders beyond drafting: submit, cancel, request a change from the ERP."""

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
    """Submit a draft to the ERP, which decides on it from here on. An order entered in the ERP gets its sales number.

    Raises `OrderStateForbids`, `NothingOrdered`.
    """
    row = await reads.by_id(session, ORDERS, order_id, lock=True)
    with edit(session, ORDER, row, actor):
        row.submit(clock.now())
        if row.sales_number is None:
            row.change({"sales_number": await numbering.take(session, NUMBERS, row.ordered_on)})
    await session.flush()
    return row


async def cancel(session: AsyncSession, order_id: UUID, why: str, actor: str) -> Order:
    """Cancel an order that the ERP has not decided on. Raises `OrderStateForbids`."""
    row = await reads.by_id(session, ORDERS, order_id, lock=True)
    with edit(session, ORDER, row, actor):
        row.cancel(why)
    await session.flush()
    return row


async def ask(session: AsyncSession, order_id: UUID, body: RequestBody, actor: str) -> Order:
    """Request the cancellation or change of an order from the ERP. The answer is delivered as the order's `answer`.

    Raises `OrderStateForbids`, `RequestOpen`, and `NoSuchLine` for a line of another order.
    """
    row = await reads.by_id(session, ORDERS, order_id, lock=True)
    with edit(session, ORDER, row, actor):
        row.ask(OrderRequest(id=uuid7(), kind=body.kind, reason=body.reason, lines=tuple(body.lines)))
    await session.flush()
    return row
