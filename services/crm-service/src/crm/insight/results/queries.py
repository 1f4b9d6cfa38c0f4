"""Quotes, orders and revenue of a deal, and what employees did and brought, each one statement."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from chassis import clock
from contracts.activity import Channel
from contracts.money import rounded
from contracts.order import OrderState
from sqlalchemy import ColumnElement, Date, Select, Uuid, and_, cast, func, literal, select, true, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from crm.activities.interactions.models import Interaction
from crm.insight.results.schemas import OrderPart, QuotePart, Revenue
from crm.parties.customers.models import Customer
from crm.people.employees.models import Employee
from crm.people.teams.models import Team
from crm.receivables.models import CreditNote, CreditNoteLine, Invoice, InvoiceLine
from crm.sales.deals.models import Deal
from crm.sales.forecast.queries import members_of
from crm.sales.forecast.schemas import PeriodFilters
from crm.sales.leads.models import Lead
from crm.sales.orders.models import Order, OrderLine
from crm.sales.quotes.models import Quote

MOST = 200
NOT_ORDERED = (OrderState.DRAFT, OrderState.CANCELLED)
ZERO = literal(0)
MOST_EMPLOYEES = 1_000
CALLS = (Channel.CALL_IN, Channel.CALL_OUT)
SELLER = func.coalesce(Deal.owner_id, Customer.owner_id).label("seller")
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
    parts = _parts(None, *orders)
    found = await session.execute(_summed(parts, parts.c.currency))
    return [Revenue(**_amounts(row)) for row in found]


async def revenue_by_seller(
    session: AsyncSession, filters: PeriodFilters, sellers: Collection[UUID] | None
) -> dict[UUID, dict[str, dict[str, Any]]]:
    """The revenue of a period by employee and currency: of the owner of an order's deal, or of its customer."""
    parts = _parts((filters.first_day, filters.last_day))
    statement = _summed(parts, parts.c.seller, parts.c.currency).where(parts.c.seller.is_not(None))
    if sellers is not None:
        statement = statement.where(parts.c.seller.in_(sellers))
    found: dict[UUID, dict[str, dict[str, Any]]] = defaultdict(dict)
    for row in await session.execute(statement):
        found[row.seller][row.currency] = _amounts(row)
    return found


async def talks(
    session: AsyncSession, filters: PeriodFilters, sellers: Collection[UUID] | None
) -> dict[UUID, dict[str, Any]]:
    """The calls and meetings of a period by employee."""
    taking = func.jsonb_each_text(Interaction.employee).table_valued("key", "value")
    employee = cast(taking.c.value, Uuid)
    statement = (
        select(
            employee.label("employee_id"),
            func.count(Interaction.id.distinct()).filter(Interaction.channel.in_(CALLS)).label("calls"),
            func.count(Interaction.id.distinct()).filter(Interaction.channel == Channel.MEETING).label("meetings"),
        )
        .select_from(Interaction)
        .join(taking, true())
        .where(_within(Interaction.started_at, filters), Interaction.archived_at.is_(None))
    )
    return await _by_employee(session, statement, employee, sellers)


async def leads(
    session: AsyncSession, filters: PeriodFilters, sellers: Collection[UUID] | None
) -> dict[UUID, dict[str, Any]]:
    """The leads that were entered in a period by their owner."""
    statement = select(Lead.owner_id.label("employee_id"), func.count().label("leads")).where(
        _within(Lead.created_at, filters), Lead.archived_at.is_(None)
    )
    return await _by_employee(session, statement, Lead.owner_id, sellers)


async def closed(
    session: AsyncSession, filters: PeriodFilters, sellers: Collection[UUID] | None
) -> tuple[dict[UUID, dict[str, Any]], dict[UUID, dict[str, Decimal]]]:
    """The deals that were closed in a period by their owner, and the won amounts by owner and currency."""
    won = Deal.state == "won"
    days = func.greatest(Deal.closed_on - cast(Deal.created_at, Date), 0)
    statement = select(
        Deal.owner_id,
        Deal.currency,
        func.count().filter(won).label("won"),
        func.count().filter(Deal.state == "lost").label("lost"),
        func.coalesce(func.sum(days).filter(won), 0).label("days"),
        func.coalesce(func.sum(Deal.amount).filter(won), 0).label("amount"),
    ).where(Deal.closed_on.between(filters.first_day, filters.last_day), Deal.owner_id.is_not(None))
    if sellers is not None:
        statement = statement.where(Deal.owner_id.in_(sellers))
    counts: dict[UUID, dict[str, Any]] = defaultdict(lambda: dict.fromkeys(("won", "lost", "days"), 0))
    amounts: dict[UUID, dict[str, Decimal]] = defaultdict(dict)
    for row in await session.execute(statement.group_by(Deal.owner_id, Deal.currency)):
        for name in ("won", "lost", "days"):
            counts[row.owner_id][name] += getattr(row, name)
        if row.currency is not None:
            amounts[row.owner_id][row.currency] = row.amount
    return counts, amounts


async def sellers(session: AsyncSession, filters: PeriodFilters) -> Collection[UUID] | None:
    """The employees that the filters name; None for all."""
    wanted = None if filters.owner_id is None else {UUID(filters.owner_id)}
    if filters.team_id is None:
        return wanted
    members = set(await session.scalars(members_of(Team.id == filters.team_id)))
    return members if wanted is None else members & wanted


async def names(session: AsyncSession, ids: Collection[UUID]) -> Sequence[tuple[UUID, str]]:
    """Employees by name; at most `MOST_EMPLOYEES`."""
    wanted = select(Employee.id, Employee.name).where(Employee.id.in_(ids)).order_by(Employee.name, Employee.id)
    return [(row.id, row.name) for row in await session.execute(wanted.limit(MOST_EMPLOYEES))]


async def _by_employee(
    session: AsyncSession, statement: Columns, employee: Any, sellers: Collection[UUID] | None
) -> dict[UUID, dict[str, Any]]:
    statement = statement.where(employee.is_not(None) if sellers is None else employee.in_(sellers))
    rows = (await session.execute(statement.group_by(employee))).mappings()
    return {row["employee_id"]: {name: value for name, value in row.items() if name != "employee_id"} for row in rows}


def _within(moment: Any, filters: PeriodFilters) -> ColumnElement[bool]:
    end = clock.begin_of(filters.last_day + timedelta(days=1))
    return and_(moment >= clock.begin_of(filters.first_day), moment < end)


def _summed(parts: Any, *by: Any) -> Columns:
    sums = [func.sum(parts.c[name]).label(name) for name in ("ordered", "invoiced", "open")]
    return select(*by, *sums).group_by(*by).order_by(*by)


def _amounts(row: Any) -> dict[str, Any]:
    return {
        "currency": row.currency,
        "ordered": row.ordered,
        "invoiced": rounded(row.invoiced, row.currency),
        "paid": rounded(row.invoiced - row.open, row.currency),
    }


def _parts(period: tuple[date, date] | None, *orders: ColumnElement[bool]) -> Any:
    """What was ordered, invoiced and is open, by seller and currency, as rows to be summed."""
    return union_all(
        _ordered(period, *orders),
        _billed(InvoiceLine, Invoice, InvoiceLine.invoice_id, Invoice.open, 1, period, *orders),
        _billed(CreditNoteLine, CreditNote, CreditNoteLine.credit_note_id, ZERO, -1, period, *orders),
    ).subquery()


def _ordered(period: tuple[date, date] | None, *orders: ColumnElement[bool]) -> Columns:
    counted = Order.state.not_in(NOT_ORDERED), Order.archived_at.is_(None)
    columns = (SELLER, Order.currency, Order.net.label("ordered"), ZERO.label("invoiced"), ZERO.label("open"))
    return _of_sellers(*columns).where(*orders, *counted, *_dated(Order.ordered_on, period))


def _billed(
    line: Any,
    document: Any,
    belongs: Any,
    still_open: Any,
    sign: int,
    period: tuple[date, date] | None,
    *orders: ColumnElement[bool],
) -> Columns:
    """The billed lines of the orders; the open part of a document is spread over its lines."""
    invoiced = (line.net * sign).label("invoiced")
    part = func.coalesce(line.net * still_open / func.nullif(document.total, 0), 0).label("open")
    return (
        _of_sellers(SELLER, document.currency, ZERO.label("ordered"), invoiced, part)
        .join(OrderLine, (OrderLine.tenant_id == Order.tenant_id) & (OrderLine.order_id == Order.id))
        .join(line, (line.tenant_id == OrderLine.tenant_id) & (line.order_line_id == OrderLine.id))
        .join(document, document.id == belongs)
        .where(*orders, Order.archived_at.is_(None), document.archived_at.is_(None))
        .where(*_dated(document.issued_on, period))
    )


def _of_sellers(*columns: Any) -> Columns:
    """Columns of orders, with the owners of their deals and customers."""
    of_deal = (Deal.tenant_id == Order.tenant_id) & (Deal.id == Order.deal_id)
    of_customer = (Customer.tenant_id == Order.tenant_id) & (Customer.id == Order.customer_id)
    return select(*columns).select_from(Order).outerjoin(Deal, of_deal).outerjoin(Customer, of_customer)


def _dated(day: Any, period: tuple[date, date] | None) -> list[ColumnElement[bool]]:
    return [] if period is None else [day.between(*period)]
