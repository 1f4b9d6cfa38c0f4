"""What is paid or credited is counted on the invoice, and closes its orders when nothing is left to pay."""

from collections.abc import Collection
from decimal import Decimal
from uuid import UUID

from chassis import gather
from chassis.replication import edit
from records import reads
from sqlalchemy.ext.asyncio import AsyncSession

from erp.finance.invoicing import queries
from erp.finance.invoicing.events import INVOICE
from erp.finance.invoicing.models import Invoice
from erp.finance.invoicing.rules import billable
from erp.sales.orders import commands as orders
from erp.sales.orders.records import ORDERS


async def settle(session: AsyncSession, invoice: Invoice, amount: Decimal, actor: str) -> None:
    """Settle a part of a locked invoice; an amount below zero takes back what a reversed payment had settled.

    Orders whose invoices are all settled are marked as paid. One that was closed stays so when a payment is reversed:
    the invoice is open again, and that is where it shows. Raises `SettledBeyondTotal`.
    """
    with edit(session, INVOICE, invoice, actor):
        invoice.settle(amount)
    await gather.flush(session)
    if invoice.open == 0:
        await close_orders(session, {line.order_id for line in invoice.lines}, actor)


async def close_orders(session: AsyncSession, order_ids: Collection[UUID], actor: str) -> None:
    """Mark orders as paid: those of which nothing is left to pay, and nothing to be billed again after a credit note.

    The orders are locked before their invoices are read: of two payments that settle the last two invoices of an order
    at once, the second sees the first.
    """

    async def close(order_ids: Collection[UUID]) -> None:
        billed = {
            order.id
            for order in await reads.lock_all(session, ORDERS, order_ids)
            if not any(billable(line.shipped, line.returned, line.invoiced) for line in order.lines)
        }
        if paid := billed - await queries.orders_with_open_invoices(session, billed):
            await orders.mark_paid(session, paid, actor)

    await gather.at_end(session, "orders to be closed", order_ids, close)
