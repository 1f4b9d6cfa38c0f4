"""Reads of calendar events."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from chassis.db import caller_of
from chassis.errors import Conflict
from party.me import employee_of
from sqlalchemy import ColumnElement, cast, func, literal, or_, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from crm.activities.calendar.models import CalendarEvent
from crm.activities.calendar.rules import EventState, Span
from crm.people.employees.models import Employee

MOST = 5_000


class TooManyEvents(Conflict):
    code = "too-many-calendar-events"
    title = "There are too many events in this time"
    detail = "More than {most} events would have to be read."
    hint = "Ask for a shorter time, or for fewer employees."


async def caller_id(session: AsyncSession) -> UUID | None:
    """The id of the employee who calls; None for other callers."""
    employee = await employee_of(Employee, session, caller_of(session).subject)
    return None if employee is None else employee.id


def invites(field: str, person_id: Any) -> ColumnElement[bool]:
    """Events to which a person is invited."""
    wanted = func.jsonb_build_array(func.jsonb_build_object(field, literal(str(person_id))))
    return CalendarEvent.attendees.op("@>", is_comparison=True)(cast(wanted, JSONB))


def of_employee(employee_id: Any) -> ColumnElement[bool]:
    """Events that an employee organises or is invited to."""
    return or_(CalendarEvent.organiser_id == employee_id, invites("employee_id", employee_id))


async def in_time(session: AsyncSession, employee_ids: Collection[UUID], window: Span) -> Sequence[CalendarEvent]:
    """Events of these employees that are not cancelled and may have an occurrence in this time, recurring ones once.

    Raises `TooManyEvents`.
    """
    rows = (
        select(CalendarEvent)
        .where(
            CalendarEvent.begins_at < window.ends_at,
            or_(CalendarEvent.until_at.is_(None), CalendarEvent.until_at > window.starts_at),
            CalendarEvent.archived_at.is_(None),
            CalendarEvent.state != EventState.CANCELLED,
            or_(*map(of_employee, employee_ids)),
        )
        .order_by(CalendarEvent.begins_at, CalendarEvent.id)
        .limit(MOST + 1)
    )
    found = list(await session.scalars(rows))
    if len(found) > MOST:
        raise TooManyEvents(most=MOST)
    return found
