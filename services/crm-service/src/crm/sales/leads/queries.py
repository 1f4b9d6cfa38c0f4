"""Named reads of the rules, and of who owns how many leads."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from chassis import tenant_settings
from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from crm.people.employees.models import Employee
from crm.sales.leads.models import Lead, LeadSetting
from crm.sales.leads.rules import BUILT_IN, OPEN, LeadRules

NAME = "rules"


async def rules(session: AsyncSession) -> tuple[LeadRules, int]:
    """The tenant's rules and their version."""
    document, version = await tenant_settings.read(session, LeadSetting, NAME)
    return (LeadRules.model_validate(document), version) if version else (BUILT_IN, 0)


async def next_in_turn(session: AsyncSession, employee_ids: Sequence[UUID]) -> UUID | None:
    """The employee in use whose last lead is the oldest; those who never had one come first, in the given order."""
    last = select(Lead.owner_id, func.max(Lead.created_at).label("at")).group_by(Lead.owner_id).subquery()
    in_turn = last.c.at.asc().nulls_first()
    return await _first(
        session, employee_ids, select(Employee.id).outerjoin(last, last.c.owner_id == Employee.id), in_turn
    )


async def least_loaded(session: AsyncSession, employee_ids: Sequence[UUID]) -> UUID | None:
    """The employee in use with the fewest open leads."""
    mine = select(Lead.owner_id, func.count().label("open")).where(Lead.state.in_(OPEN), Lead.archived_at.is_(None))
    counted = mine.group_by(Lead.owner_id).subquery()
    load = func.coalesce(counted.c.open, 0)
    return await _first(
        session, employee_ids, select(Employee.id).outerjoin(counted, counted.c.owner_id == Employee.id), load
    )


async def _first(
    session: AsyncSession, employee_ids: Sequence[UUID], statement: Select[UUID], order: ColumnElement[Any]
) -> UUID | None:
    place = func.array_position(list(employee_ids), Employee.id)
    found: UUID | None = await session.scalar(
        statement.where(Employee.id.in_(employee_ids), Employee.archived_at.is_(None)).order_by(order, place).limit(1)
    )
    return found
