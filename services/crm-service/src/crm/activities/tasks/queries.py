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

from crm.activities.calendar.models import CalendarEvent
from crm.activities.calendar.queries import in_time
from crm.activities.calendar.rules import AttendeeAnswer, EventState, Span
from crm.activities.tasks.models import Task
from crm.activities.tasks.schemas import Appointment

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


async def appointments(session: AsyncSession, employee_id: UUID, day: Span, caller: UUID | None) -> list[Appointment]:
    """The occurrences of a day of events that the employee has not declined, in order. Raises `TooManyEvents`."""
    found = [
        _appointment(event, span, shown=event.shows_to(caller))
        for event in await in_time(session, [employee_id], day)
        if event.answer_of(employee_id) != AttendeeAnswer.DECLINED
        for span in event.schedule.within(day)
    ]
    return sorted(found, key=lambda each: (each.starts_at, each.ends_at, each.calendar_event_id))


def _appointment(event: CalendarEvent, span: Span, *, shown: bool) -> Appointment:
    return Appointment(
        calendar_event_id=event.id,
        starts_at=span.starts_at,
        ends_at=span.ends_at,
        state=EventState(event.state),
        subject=event.subject if shown else None,
        location=event.location if shown else None,
    )


async def _open(session: AsyncSession, employee_id: UUID, *conditions: ColumnElement[bool]) -> Sequence[Task]:
    rows = (
        select(Task)
        .where(Task.assignee_id == employee_id, Task.state.in_(OPEN_STATES), Task.archived_at.is_(None), *conditions)
        .order_by(Task.due_at.nulls_last(), Task.id)
        .limit(MOST)
    )
    return list(await session.scalars(rows))
