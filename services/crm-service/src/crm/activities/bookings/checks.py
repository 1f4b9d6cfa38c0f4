"""What a booking must not break."""

from typing import Any
from uuid import UUID

from chassis.db import uuid7
from records import reads
from recurrence import zone_of_person
from sqlalchemy.ext.asyncio import AsyncSession

from crm.activities.bookings import queries
from crm.activities.bookings.models import (
    Booking,
    DoubleBooking,
    EmployeeBusy,
    OutsideWorkingTime,
    Resource,
    ResourceArchived,
)
from crm.activities.bookings.rules import Working, around, free, next_to
from crm.activities.calendar.rules import Span
from crm.people.employees.models import Employee
from crm.people.employees.records import EMPLOYEES


async def check(session: AsyncSession, row: Booking) -> None:
    """Raises `ResourceArchived`, `DoubleBooking`, `EmployeeBusy`, `OutsideWorkingTime`.

    Bookings of the same resource or employee wait for each other; the constraint of the table refuses what this check
    does not see.
    """
    row.id = row.id or uuid7()
    await queries.alone(session, _booked(row))
    employee = await _in_use(session, row)
    if (other := await queries.overlapping(session, row)) is not None:
        raise DoubleBooking(booking_id=other.id, starts_at=_text(other.starts_at), ends_at=_text(other.ends_at))
    if employee is not None:
        await _check_time(session, row, employee)


def _booked(row: Booking) -> UUID:
    booked = row.resource_id or row.employee_id
    if booked is None:
        raise TypeError("a booking is of a resource or of an employee")
    return booked


async def _in_use(session: AsyncSession, row: Booking) -> Employee | None:
    """The employee who is booked; None for a resource."""
    if row.employee_id is not None:
        booked: Any = await reads.by_id(session, EMPLOYEES, row.employee_id)
    else:
        booked = await session.get_one(Resource, row.resource_id)
    if booked.archived_at is not None:
        raise ResourceArchived()
    return booked if isinstance(booked, Employee) else None


async def _check_time(session: AsyncSession, row: Booking, employee: Employee) -> None:
    window, zone = around(row.span), zone_of_person(employee)
    working = Working(zone, employee.working_time, employee.works_from, employee.entered_on, employee.left_on)
    events = await queries.events_of(session, employee.id, window, row.calendar_event_id)
    taken = next((each for each in events if each.overlaps(row.span)), None)
    times = list(working.within(window))
    works = any(each.starts_at <= row.starts_at and row.ends_at <= each.ends_at for each in times)
    if works and taken is None:
        return
    booked = [each.span for each in await queries.of_employees(session, [employee.id], window) if each.id != row.id]
    slots = [_shown(each) for each in next_to(row.span, free(times, sorted([*events, *booked])))]
    if not works or taken is None:
        raise OutsideWorkingTime(time_zone=zone, free=slots)
    raise EmployeeBusy(**_shown(taken), free=slots)


def _shown(span: Span) -> dict[str, str]:
    return {"starts_at": _text(span.starts_at), "ends_at": _text(span.ends_at)}


def _text(moment: Any) -> str:
    return str(moment.isoformat()).replace("+00:00", "Z")
