"""Updates from invoicing: billed quantities, and paid orders."""

from collections.abc import Collection, Mapping
from decimal import Decimal
from uuid import UUID

from chassis import gather
from chassis.replication import edit
from contracts.order import OrderState
from records import reads
from sqlalchemy.ext.asyncio import AsyncSession

from erp.sales.orders import queries
from erp.sales.orders.events import ORDER
from erp.sales.orders.records import ORDERS


async def mark_invoiced(
    session: AsyncSession, quantities: Mapping[UUID, Decimal], actor: str, order_ids: Collection[UUID] = ()
) -> None:
    """Add the billed quantities of order lines; negative ones are credited. `order_ids` saves a lookup.

    An order becomes `invoiced` when everything is shipped and billed. Raises `MoreThanShipped`.
    """
    order_ids = order_ids or await queries.of_lines(session, quantities)
    for row in await reads.lock_all(session, ORDERS, order_ids):
        with edit(session, ORDER, row, actor):
            row.bill(quantities)
    await gather.flush(session)


async def mark_paid(session: AsyncSession, order_ids: Collection[UUID], actor: str) -> None:
    """Close the invoiced ones among these orders; the others stay open."""
    for row in await reads.lock_all(session, ORDERS, order_ids):
        if row.present is OrderState.INVOICED:
            with edit(session, ORDER, row, actor):
                row.go(OrderState.CLOSED)
    await gather.flush(session)
