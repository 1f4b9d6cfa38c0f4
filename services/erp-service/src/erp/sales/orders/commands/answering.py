"""Answering what sales asks for: cancel an order, or change its quantities."""

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
from records import reads
from sqlalchemy.ext.asyncio import AsyncSession

from erp.sales.orders.commands.cancelling import release
from erp.sales.orders.commands.confirming import check
from erp.sales.orders.commands.entering import NoSuchLine
from erp.sales.orders.events import ORDER
from erp.sales.orders.models import Order, OrderLine
from erp.sales.orders.records import ORDERS
from erp.sales.orders.rules import NothingOrdered, amount_text, refusal_of
from erp.warehouse.stock import commands as inventory
from erp.warehouse.stock.rules import Want


class NotEnoughStock(Conflict):
    code = "not-enough-stock"
    title = "There is not enough stock for more"
    detail = "Of line {line} {reserved} can be set aside; {wanted} is wanted."
    hint = "Ask for less, or enter another order: it waits until goods come in."


class ShippedAlready(Conflict):
    code = "shipped-already"
    title = "More of a line has gone out than is wished for"
    detail = "Of line {line} {shipped} went out; {wanted} is less."
    hint = "Ask for a return of what was shipped."


class TooLate(Conflict):
    code = "request-too-late"
    title = "The order's state does not allow what is asked for"
    detail = "{why}"
    hint = "Ask for a return of what was shipped, or enter another order."


async def grant(session: AsyncSession, order_id: UUID, actor: str) -> None:
    """Do what is asked for and say so. Nothing is asked: nothing happens.

    Raise a `Conflict` when it cannot be granted: then `refuse` in a transaction of its own.
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
    """Say no to what is asked for, and why."""
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
    """Give the lines the quantities that are wished for; more only as far as credit and stock go."""
    before = row.totals.total
    wishes = {wish.line: wish for wish in request.lines}.values()
    more = {wish.line for wish in wishes if wish.quantity > _line(row, wish).quantity}
    wanted = [Want(wish.line, _line(row, wish).product_id, _left(_line(row, wish), wish)) for wish in wishes]
    for wish in wishes:
        row.wish(wish.line, wish.quantity)
    if not row.lines:
        raise NothingOrdered()
    if row.totals.total > before:
        await check(session, row, row.to_invoice)
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
    line = row.line(wish.line)
    if line is None:
        raise NoSuchLine(line=str(wish.line))
    return line


def _left(line: OrderLine, wish: LineWish) -> Decimal:
    """What is to go out still. Raises `ShippedAlready` when more went out than is wished for."""
    if wish.quantity < line.shipped:
        raise ShippedAlready(line=str(line.id), shipped=amount_text(line.shipped), wanted=amount_text(wish.quantity))
    return wish.quantity - line.shipped
