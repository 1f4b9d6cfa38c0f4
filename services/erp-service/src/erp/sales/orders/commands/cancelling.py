"""Cancelling, releasing reserved stock, and orders whose processing failed."""

from uuid import UUID

from chassis.replication import edit
from contracts.order import OrderReason, OrderState
from records import reads
from sqlalchemy.ext.asyncio import AsyncSession

from erp.sales.orders.events import ACTOR, ORDER
from erp.sales.orders.models import Order
from erp.sales.orders.records import ORDERS
from erp.warehouse.stock import commands as inventory


async def cancel(session: AsyncSession, order_id: UUID, reason: str | None, actor: str) -> Order:
    """Cancel an order without shipments; its stock is released. Raises `IllegalTransition`."""
    row = await reads.by_id(session, ORDERS, order_id, lock=True)
    with edit(session, ORDER, row, actor):
        row.go(OrderState.CANCELLED)
        text = reason or "Cancelled here."
        row.reason = OrderReason(code="cancelled", text=text).model_dump(mode="json")
        await release(session, row)
    await session.flush()
    return row


async def carry_out(session: AsyncSession, order_id: UUID) -> None:
    """Release the stock of an order that another system cancelled; a second call changes nothing."""
    row = await reads.by_id(session, ORDERS, order_id, lock=True)
    if row.present is OrderState.CANCELLED:
        with edit(session, ORDER, row, ACTOR):
            await release(session, row)
            row.succeed()
        await session.flush()


async def note_failure(session: AsyncSession, order_id: UUID, text: str) -> None:
    """Store on the order, for all systems, that its processing failed and is retried."""
    row = await reads.by_id(session, ORDERS, order_id, lock=True)
    with edit(session, ORDER, row, ACTOR):
        row.fail(text)
    await session.flush()


async def release(session: AsyncSession, row: Order) -> None:
    """Release the reservations of an order."""
    if row.holds_stock:
        await inventory.release(session, [line.id for line in row.lines])
        row.holds_stock = False
