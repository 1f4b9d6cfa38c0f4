"""Confirming an order or putting it on hold, by credit, products and stock."""

from collections.abc import Iterable
from decimal import Decimal
from uuid import UUID

from chassis.replication import edit
from contracts.order import OrderReason, OrderState
from records import reads
from sqlalchemy.ext.asyncio import AsyncSession

from erp.ledger import queries as ledger
from erp.sales.orders import queries
from erp.sales.orders.commands.numbering import give_number
from erp.sales.orders.events import ORDER
from erp.sales.orders.models import Order
from erp.sales.orders.records import ORDERS
from erp.sales.orders.rules import (
    Action,
    CustomerArchived,
    CustomerBlocked,
    NothingOrdered,
    ProductArchived,
    check_credit,
    next_state,
    require,
)
from erp.warehouse.stock import commands as inventory
from erp.warehouse.stock.rules import Want

STANDS_BY = ("line", "customer", "currency", "dates")
"""The groups that the ERP affirms with its decision: a concurrent edit of them conflicts with it in the hub."""


async def confirm(session: AsyncSession, order_id: UUID, actor: str) -> Order:
    """Confirm a submitted order, or one on hold: its stock is reserved, and it counts against the credit limit.

    Raises `IllegalTransition`, `NothingOrdered`, `CustomerArchived`, `CustomerBlocked`, `CreditCurrency`,
    `CreditExceeded`, `ProductArchived`, or `OutOfStock` when it must be shipped as a whole.
    """
    row = await reads.by_id(session, ORDERS, order_id, lock=True)
    next_state(row.present, OrderState.CONFIRMED)
    if not row.lines:
        raise NothingOrdered()
    await check(session, row, row.totals.total)
    with edit(session, ORDER, row, actor, affirm=STANDS_BY):
        if not row.holds_stock:
            with inventory.short_of(line.id for line in row.lines):
                await inventory.reserve(session, wants(row), whole=row.whole)
            row.holds_stock = True
        row.go(OrderState.CONFIRMED)
        row.reason, row.on_order = None, row.to_invoice
        await give_number(session, row)
    await session.flush()
    return row


async def resume(session: AsyncSession, order_id: UUID, actor: str) -> Order:
    """Check an order on hold again, and confirm it. Raises the errors of `confirm`; then it stays on hold."""
    row = await reads.by_id(session, ORDERS, order_id, lock=True)
    require(row.present, Action.RESUME)
    return await confirm(session, order_id, actor)


async def hold(session: AsyncSession, order_id: UUID, reason: OrderReason, actor: str) -> Order:
    """Put an order on hold, with a reason; reserved stock stays reserved. Raises `IllegalTransition`."""
    row = await reads.by_id(session, ORDERS, order_id, lock=True)
    with edit(session, ORDER, row, actor):
        row.go(OrderState.ON_HOLD)
        row.reason = reason.model_dump(mode="json")
        await give_number(session, row)
    await session.flush()
    return row


async def check(session: AsyncSession, row: Order, total: Decimal) -> None:
    """Raises the reason why the order cannot be confirmed for this total; credit checks of one customer are serialised.

    Raises `CustomerArchived`, `ProductArchived`, `CustomerBlocked`, `CreditCurrency`, `CreditExceeded`.
    """
    now = await queries.standing(session, row)
    if now.customer_archived_at is not None:
        raise CustomerArchived(customer=now.customer)
    if now.archived_product is not None:
        raise ProductArchived(product=now.archived_product)
    if now.credit is None:
        return
    if now.credit["blocked"]:
        raise CustomerBlocked(customer=now.customer)
    await ledger.receivable_lock(session, row.customer_id)
    owed = await ledger.balance(session, "receivables", row.currency, row.customer_id)
    others = await queries.on_order(session, row.customer_id, row.currency, but=row.id)
    check_credit(now.credit, row.currency, owed, others, total)


def wants(row: Order, line_ids: Iterable[UUID] | None = None) -> list[Want]:
    """The quantities still to be delivered of the lines, or of some of them."""
    chosen = row.lines if line_ids is None else [line for line in row.lines if line.id in set(line_ids)]
    return [Want(line.id, line.product_id, line.left) for line in chosen if line.left]
