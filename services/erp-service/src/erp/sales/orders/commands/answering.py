"""Answers to requests of sales: to cancel an order, or to change its quantities."""

from decimal import Decimal
from uuid import UUID

from chassis.errors import Conflict
from chassis.replication import edit
from contracts.order import (
    AnswerOutcome,
    LineWish,
    OrderAnswer,
    OrderReason,
    OrderRequest,
    OrderState,
    RequestKind,
)
from lines.pricing import NoSuchLine
from records import reads
from sqlalchemy.ext.asyncio import AsyncSession

from erp.sales.orders.commands.cancelling import release
from erp.sales.orders.commands.standing import standing_of
from erp.sales.orders.events import ORDER
from erp.sales.orders.models import Order, OrderLine
from erp.sales.orders.records import ORDERS
from erp.sales.orders.rules import NothingOrdered, amount_text, refusal_of
from erp.warehouse.stock import commands as inventory
from erp.warehouse.stock.rules import Want


class NotEnoughStock(Conflict):
    code = "not-enough-stock"
    title = "There is not enough stock for the increase"
    detail = "{reserved} can be reserved for line {line}; {wanted} is requested."
    hint = "Request less, or enter another order, which waits until goods are received."


class ShippedAlready(Conflict):
    code = "shipped-already"
    title = "More of a line was shipped than is requested"
    detail = "{shipped} of line {line} was shipped; {wanted} is less."
    hint = "Request a return of the shipped goods."


class TooLate(Conflict):
    code = "request-too-late"
    title = "The order's state does not allow the request"
    detail = "{why}"
    hint = "Request a return of the shipped goods, or enter another order."


async def grant(session: AsyncSession, order_id: UUID, actor: str) -> None:
    """Carry out the open request and answer it. Without a request nothing happens.

    Raises a `Conflict` when it cannot be granted: then call `refuse` in a transaction of its own.
    """
    row = await reads.by_id(session, ORDERS, order_id, lock=True)
    if not row.unanswered:
        return
    request = OrderRequest.model_validate(row.request)
    if why := refusal_of(row.present, request.kind):
        raise TooLate(why=why)
    with edit(session, ORDER, row, actor):
        if request.kind is RequestKind.CANCEL:
            await _cancel(session, row, request)
        else:
            await _change(session, row, request)
        _answer(row, request, AnswerOutcome.ACCEPTED, None)
    await session.flush()


async def refuse(session: AsyncSession, order_id: UUID, reason: str, actor: str) -> None:
    """Refuse the open request, with the reason."""
    row = await reads.by_id(session, ORDERS, order_id, lock=True)
    if row.unanswered:
        with edit(session, ORDER, row, actor):
            _answer(row, OrderRequest.model_validate(row.request), AnswerOutcome.REFUSED, reason)
        await session.flush()


def _answer(row: Order, request: OrderRequest, outcome: AnswerOutcome, reason: str | None) -> None:
    answer = OrderAnswer(request=request.id, outcome=outcome, reason=reason)
    row.answer = answer.model_dump(mode="json")
    row.succeed()


async def _cancel(session: AsyncSession, row: Order, request: OrderRequest) -> None:
    if row.present is not OrderState.CANCELLED:
        row.go(OrderState.CANCELLED)
        text = request.reason or "Cancelled as sales asked."
        row.reason = OrderReason(code="cancelled", text=text).model_dump(mode="json")
    await release(session, row)


async def _change(session: AsyncSession, row: Order, request: OrderRequest) -> None:
    """Set the requested quantities of the lines; increases are limited by credit and stock."""
    before = row.totals.total
    wishes = {wish.line_id: wish for wish in request.lines}.values()
    more = {wish.line_id for wish in wishes if wish.quantity > _line(row, wish).quantity}
    wanted = [Want(wish.line_id, _line(row, wish).product_id, _left(_line(row, wish), wish)) for wish in wishes]
    for wish in wishes:
        row.wish(wish.line_id, wish.quantity)
    if not row.lines:
        raise NothingOrdered()
    if row.totals.total > before:
        (await standing_of(session, [row])).check(row, row.to_invoice)
    if row.holds_stock:
        reserved = await inventory.reserve(session, wanted)
        for want in wanted:
            if want.line_id in more and reserved[want.line_id] < want.quantity:
                raise NotEnoughStock(
                    line=str(want.line_id),
                    reserved=amount_text(reserved[want.line_id]),
                    wanted=amount_text(want.quantity),
                )
        row.advance()


def _line(row: Order, wish: LineWish) -> OrderLine:
    line = row.line(wish.line_id)
    if line is None:
        raise NoSuchLine(line=str(wish.line_id))
    return line


def _left(line: OrderLine, wish: LineWish) -> Decimal:
    """The quantity still to ship. Raises `ShippedAlready` when more was shipped than is requested."""
    if wish.quantity < line.shipped:
        raise ShippedAlready(line=str(line.id), shipped=amount_text(line.shipped), wanted=amount_text(wish.quantity))
    return wish.quantity - line.shipped
