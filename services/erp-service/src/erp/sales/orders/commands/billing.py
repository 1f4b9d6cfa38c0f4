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

NO_CHARGES: Mapping[UUID, Collection[UUID]] = {}


async def mark_invoiced(
    session: AsyncSession,
    quantities: Mapping[UUID, Decimal],
    actor: str,
    *,
    charges: Mapping[UUID, Collection[UUID]] = NO_CHARGES,
    credited: bool = False,
) -> None:
    """Count what was billed of each order line; below zero what was `credited`, as are the `charges` then, by order.

    An order becomes `invoiced` when everything is shipped and billed. Raises `MoreThanShipped`.
    """
    order_ids = charges.keys() | (await queries.of_lines(session, quantities) if not charges or credited else set())
    for row in await reads.lock_all(session, ORDERS, order_ids):
        with edit(session, ORDER, row, actor):
            row.bill_charges(charges.get(row.id, ()), credited=credited)
            row.bill(quantities)
    await gather.flush(session)


async def mark_paid(session: AsyncSession, order_ids: Collection[UUID], actor: str) -> None:
    """Close the invoiced ones among these orders; the others stay open."""
    for row in await reads.lock_all(session, ORDERS, order_ids):
        if row.present is OrderState.INVOICED:
            with edit(session, ORDER, row, actor):
                row.go(OrderState.CLOSED)
    await gather.flush(session)
