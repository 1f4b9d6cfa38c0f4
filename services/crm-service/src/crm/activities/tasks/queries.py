"""The day of an employee."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from uuid import UUID

from activities.columns import OPEN_STATES
from chassis import clock
from chassis.settings import zone_of
from contracts.activity import TaskState
from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from crm.activities.tasks.models import Task

MOST = 200


def bounds(day: date | None, zone: str) -> tuple[date, datetime, datetime]:
    """A day, by default the present one, with its first moment and that of the next day, in a time zone."""
    place = zone_of(zone)
    day = day or clock.now().astimezone(place).date()
    return day, datetime.combine(day, time(), place), datetime.combine(day + timedelta(days=1), time(), place)


async def overdue(session: AsyncSession, employee_id: UUID, begins: datetime) -> Sequence[Task]:
    """Open tasks that were due before the day."""
    return await _open(session, employee_id, Task.due_at < begins)


async def due(session: AsyncSession, employee_id: UUID, begins: datetime, ends: datetime) -> Sequence[Task]:
    """Open tasks that are due on the day."""
    return await _open(session, employee_id, Task.due_at >= begins, Task.due_at < ends)


async def started(session: AsyncSession, employee_id: UUID, ends: datetime) -> Sequence[Task]:
    """Started tasks that are not due yet."""
    later = or_(Task.due_at.is_(None), Task.due_at >= ends)
    return await _open(session, employee_id, Task.state == TaskState.STARTED, later)


async def _open(session: AsyncSession, employee_id: UUID, *conditions: ColumnElement[bool]) -> Sequence[Task]:
    rows = (
        select(Task)
        .where(Task.assignee_id == employee_id, Task.state.in_(OPEN_STATES), Task.archived_at.is_(None), *conditions)
        .order_by(Task.due_at.nulls_last(), Task.id)
        .limit(MOST)
    )
    return list(await session.scalars(rows))
