"""Quotes, orders and revenue of a deal, each one statement."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from chassis import clock
from contracts.money import rounded
from contracts.order import OrderState
from sqlalchemy import ColumnElement, Select, func, literal, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from crm.insight.results.schemas import OrderPart, QuotePart, Revenue
from crm.receivables.models import CreditNote, CreditNoteLine, Invoice, InvoiceLine
from crm.sales.orders.models import Order, OrderLine
from crm.sales.quotes.models import Quote

MOST = 200
NOT_ORDERED = (OrderState.DRAFT, OrderState.CANCELLED)
ZERO = literal(0)
Columns = Select[*tuple[Any, ...]]


async def quotes(session: AsyncSession, deal_id: UUID) -> Sequence[QuotePart]:
    """The quotes of a deal, the newest first."""
    wanted = select(Quote).where(Quote.deal_id == deal_id).order_by(Quote.id.desc()).limit(MOST)
    today = clock.today()
    names = QuotePart.model_fields.keys() - {"state"}
    return [
        QuotePart(**{name: getattr(row, name) for name in names}, state=row.shown_state(today))
        for row in await session.scalars(wanted)
    ]


async def orders(session: AsyncSession, deal_id: UUID) -> Sequence[OrderPart]:
    """The orders of a deal, the newest first."""
    live = (Order.deal_id == deal_id, Order.archived_at.is_(None))
    wanted = select(Order).where(*live).order_by(Order.ordered_on.desc(), Order.id.desc()).limit(MOST)
    return [OrderPart.model_validate(row) for row in await session.scalars(wanted)]


async def revenue(session: AsyncSession, *orders: ColumnElement[bool]) -> Sequence[Revenue]:
    """The revenue of these orders per currency."""
    parts = union_all(
        _ordered(*orders),
        _billed(InvoiceLine, Invoice, InvoiceLine.invoice_id, Invoice.open, 1, *orders),
        _billed(CreditNoteLine, CreditNote, CreditNoteLine.credit_note_id, ZERO, -1, *orders),
    ).subquery()
    sums = [func.sum(parts.c[name]).label(name) for name in ("ordered", "invoiced", "open")]
    found = await session.execute(select(parts.c.currency, *sums).group_by(parts.c.currency).order_by(parts.c.currency))
    return [
        Revenue(
            currency=row.currency,
            ordered=row.ordered,
            invoiced=rounded(row.invoiced, row.currency),
            paid=rounded(row.invoiced - row.open, row.currency),
        )
        for row in found
    ]


def _ordered(*orders: ColumnElement[bool]) -> Columns:
    counted = Order.state.not_in(NOT_ORDERED), Order.archived_at.is_(None)
    nothing = (ZERO.label("invoiced"), ZERO.label("open"))
    return select(Order.currency, Order.net.label("ordered"), *nothing).where(*orders, *counted)


def _billed(
    line: Any, document: Any, belongs: Any, still_open: Any, sign: int, *orders: ColumnElement[bool]
) -> Columns:
    """The billed lines of the orders; the open part of a document is spread over its lines."""
    invoiced = (line.net * sign).label("invoiced")
    part = func.coalesce(line.net * still_open / func.nullif(document.total, 0), 0).label("open")
    return (
        select(document.currency, ZERO.label("ordered"), invoiced, part)
        .select_from(Order)
        .join(OrderLine, (OrderLine.tenant_id == Order.tenant_id) & (OrderLine.order_id == Order.id))
        .join(line, (line.tenant_id == OrderLine.tenant_id) & (line.order_line_id == OrderLine.id))
        .join(document, document.id == belongs)
        .where(*orders, Order.archived_at.is_(None), document.archived_at.is_(None))
    )
