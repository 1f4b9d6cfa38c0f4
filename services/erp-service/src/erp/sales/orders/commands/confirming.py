"""Confirming orders or putting them on hold, by credit, products and stock."""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from chassis.errors import Conflict
from chassis.replication import edit
from contracts.customer import CustomerStage
from contracts.order import OrderReason, OrderState
from party.stages import qualify
from records import reads
from sqlalchemy.ext.asyncio import AsyncSession

from erp.parties.customers.records import CUSTOMERS
from erp.sales.orders.commands.numbering import numbers_for
from erp.sales.orders.commands.standing import Standing, standing_of
from erp.sales.orders.events import ORDER
from erp.sales.orders.models import Order
from erp.sales.orders.records import ORDERS
from erp.sales.orders.rules import Action, NothingOrdered, next_state, require
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
    for why in (await _confirm(session, [row], actor)).values():
        raise why
    return row


async def decide(session: AsyncSession, orders: Mapping[UUID, UUID], actor: str) -> set[UUID]:
    """Confirm submitted orders, in this sequence; put those on hold that a rule forbids, with the reason.

    `orders` are order -> customer. The rows of all are locked, read and written together. Returns the orders that need
    no decision any more. The others are locked by another transaction, or follow a locked one of their customer.
    """
    found = {row.id: row for row in await reads.lock_all(session, ORDERS, orders, skip_locked=True)}
    blocked = {customer_id for order_id, customer_id in orders.items() if order_id not in found}
    free = [found[order_id] for order_id, customer_id in orders.items() if customer_id not in blocked]
    rows = [row for row in free if row.present is OrderState.SUBMITTED and row.archived_at is None]
    refused = await _confirm(session, rows, actor)
    await _hold(session, [(row, reason_of(refused[row.id])) for row in rows if row.id in refused], actor)
    return {row.id for row in free}


async def resume(session: AsyncSession, order_id: UUID, actor: str) -> Order:
    """Check an order on hold again, and confirm it. Raises the errors of `confirm`; then it stays on hold."""
    row = await reads.by_id(session, ORDERS, order_id, lock=True)
    require(row.present, Action.RESUME)
    return await confirm(session, order_id, actor)


async def hold(session: AsyncSession, order_id: UUID, reason: OrderReason, actor: str) -> Order:
    """Put an order on hold, with a reason; reserved stock stays reserved. Raises `IllegalTransition`."""
    row = await reads.by_id(session, ORDERS, order_id, lock=True)
    await _hold(session, [(row, reason)], actor)
    return row


def reason_of(why: Conflict) -> OrderReason:
    """What the order shows of the rule that forbids it."""
    return OrderReason(code=why.code, text=str(why))


async def _confirm(session: AsyncSession, rows: Sequence[Order], actor: str) -> dict[UUID, Conflict]:
    """Confirm locked orders, one after another; returns the reasons of those that a rule forbids, which stay
    unchanged."""
    if not rows:
        return {}
    standing = await standing_of(session, rows)
    reserving = await inventory.lock_for(session, [want for row in rows if not row.holds_stock for want in wants(row)])
    refused: dict[UUID, Conflict] = {}
    for row in rows:
        try:
            _accept(row, standing, reserving)
        except Conflict as why:
            refused[row.id] = why
    accepted = [row for row in rows if row.id not in refused]
    numbers = await numbers_for(session, accepted)
    for row in accepted:
        with edit(session, ORDER, row, actor, affirm=STANDS_BY):
            row.holds_stock = True
            row.go(OrderState.CONFIRMED)
            row.reason, row.on_order, row.number = None, row.to_invoice, numbers[row.id]
    await reserving.save()
    if ids := {row.customer_id for row in accepted if standing.buyers[row.customer_id].stage != CustomerStage.CUSTOMER}:
        await qualify(session, CUSTOMERS, ids, actor)
    return refused


def _accept(row: Order, standing: Standing, reserving: inventory.Reserving) -> None:
    """Reserve the stock of an order in memory, and count it against the credit limit. Raises the errors of `confirm`;
    nothing is reserved then."""
    next_state(row.present, OrderState.CONFIRMED)
    if not row.lines:
        raise NothingOrdered()
    standing.check(row, row.totals.total)
    if not row.holds_stock:
        with inventory.short_of(line.id for line in row.lines):
            reserving.reserve(wants(row), whole=row.whole)
    standing.count(row)


async def _hold(session: AsyncSession, rows: Sequence[tuple[Order, OrderReason]], actor: str) -> None:
    numbers = await numbers_for(session, [row for row, _ in rows])
    for row, reason in rows:
        with edit(session, ORDER, row, actor):
            row.go(OrderState.ON_HOLD)
            row.reason, row.number = reason.model_dump(mode="json"), numbers[row.id]
    await session.flush()


def wants(row: Order, line_ids: Iterable[UUID] | None = None) -> list[Want]:
    """The quantities still to be delivered of the lines, or of some of them."""
    chosen = row.lines if line_ids is None else [line for line in row.lines if line.id in set(line_ids)]
    return [Want(line.id, line.product_id, line.left) for line in chosen if line.left]
