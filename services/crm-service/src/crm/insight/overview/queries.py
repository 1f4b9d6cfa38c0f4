"""The parts of an overview, each one statement."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from activities.columns import OPEN_STATES
from contracts.order import OrderState
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from crm.activities.interactions.models import Interaction
from crm.activities.tasks.models import Task
from crm.insight.overview.schemas import AccountPart, ContactPart, OpenSum, TaskPart
from crm.receivables import view
from crm.sales.deals.models import Deal
from crm.sales.orders.models import Order
from crm.sales.quotes.models import Quote
from crm.sales.quotes.rules import QuoteState

ENDED = (OrderState.CLOSED, OrderState.CANCELLED)


async def deals(session: AsyncSession, customer_id: UUID) -> Sequence[OpenSum]:
    """The open deals per currency."""
    return await _sums(session, Deal, Deal.amount, Deal.customer_id == customer_id, Deal.state == "open")


async def quotes(session: AsyncSession, customer_id: UUID, today: date) -> Sequence[OpenSum]:
    """The quotes that may still be accepted, per currency."""
    is_open = Quote.state.in_((QuoteState.DRAFT, QuoteState.SENT))
    valid = func.coalesce(Quote.valid_until >= today, True)
    return await _sums(session, Quote, Quote.total, Quote.customer_id == customer_id, is_open, valid)


async def orders(session: AsyncSession, customer_id: UUID) -> Sequence[OpenSum]:
    """The orders that are not ended, per currency."""
    live = Order.archived_at.is_(None)
    return await _sums(session, Order, Order.total, Order.customer_id == customer_id, Order.state.not_in(ENDED), live)


async def accounts(session: AsyncSession, customer_id: UUID, today: date) -> Sequence[AccountPart]:
    """The open amounts, the balance and the credit per currency."""
    return [AccountPart.model_validate(row) for row in await view.accounts_of(session, customer_id, today)]


async def contact(session: AsyncSession, customer_id: UUID, now: datetime) -> ContactPart:
    """The last interaction before `now`, and the next one or the next task that is due after it."""
    met = (Interaction.customer_id == customer_id, Interaction.archived_at.is_(None))
    last = (
        select(Interaction.id, Interaction.started_at)
        .where(*met, Interaction.started_at <= now)
        .order_by(Interaction.started_at.desc(), Interaction.id.desc())
        .limit(1)
        .subquery()
    )
    meeting = select(func.min(Interaction.started_at)).where(*met, Interaction.started_at > now)
    due = select(func.min(Task.due_at)).where(*_open_tasks(customer_id), Task.due_at > now)
    columns = (
        select(last.c.started_at).scalar_subquery().label("last_at"),
        select(last.c.id).scalar_subquery().label("last_id"),
        func.least(meeting.scalar_subquery(), due.scalar_subquery()).label("next_at"),
    )
    return ContactPart.model_validate((await session.execute(select(*columns))).one())


async def tasks(session: AsyncSession, customer_id: UUID, now: datetime) -> TaskPart:
    """How many tasks are open, and how many of these are overdue."""
    counted = select(func.count().label("open"), func.count().filter(Task.due_at < now).label("overdue"))
    return TaskPart.model_validate((await session.execute(counted.where(*_open_tasks(customer_id)))).one())


def _open_tasks(customer_id: UUID) -> tuple[ColumnElement[bool], ...]:
    return Task.customer_id == customer_id, Task.archived_at.is_(None), Task.state.in_(OPEN_STATES)


async def _sums(session: AsyncSession, table: Any, amount: Any, *which: ColumnElement[bool]) -> Sequence[OpenSum]:
    """Count and sum of the rows per currency."""
    summed = func.coalesce(func.sum(amount), 0).label("amount")
    statement = select(table.currency, func.count().label("count"), summed).where(*which)
    found = await session.execute(statement.group_by(table.currency).order_by(table.currency))
    return [OpenSum.model_validate(row) for row in found]
