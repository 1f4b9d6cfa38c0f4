"""Reads for calendar files."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from chassis import clock
from contracts.normalise import email_key
from party.me import NoEmployee
from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from crm.activities.bookings.models import Booking
from crm.activities.calendar.models import CalendarEvent
from crm.activities.calendar.queries import caller_id, of_employee
from crm.activities.calendar.rules import AttendeeAnswer
from crm.parties.contacts.models import Contact
from crm.people.employees.models import Employee

PAST = timedelta(days=92)
MOST = 2_000


@dataclass(frozen=True)
class Person:
    """Who has an e-mail address."""

    name: str
    email: str


async def events_of(session: AsyncSession, employee_id: UUID) -> list[CalendarEvent]:
    """The events of an employee's calendar that have not ended three months ago, the latest at most two thousand."""
    rows = (
        select(CalendarEvent)
        .where(
            or_(CalendarEvent.until_at.is_(None), CalendarEvent.until_at > clock.now() - PAST),
            CalendarEvent.archived_at.is_(None),
            of_employee(employee_id),
        )
        .order_by(CalendarEvent.begins_at.desc(), CalendarEvent.id)
        .limit(MOST)
    )
    found = await session.scalars(rows)
    return [each for each in found if each.answer_of(employee_id) != AttendeeAnswer.DECLINED]


async def bookings_of(session: AsyncSession, employee_id: UUID) -> Sequence[Booking]:
    """The bookings of an employee that have not ended three months ago, the latest at most two thousand."""
    rows = (
        select(Booking)
        .where(
            Booking.employee_id == employee_id,
            Booking.ends_at > clock.now() - PAST,
            Booking.archived_at.is_(None),
        )
        .order_by(Booking.starts_at.desc(), Booking.id)
        .limit(MOST)
    )
    return list(await session.scalars(rows))


async def people_of(
    session: AsyncSession, events: Iterable[CalendarEvent], *, contacts: bool = True
) -> dict[UUID, Person]:
    """Organisers and attendees who have an e-mail address, by id; with `contacts`, contacts among them."""
    found: dict[UUID, Person] = {}
    employee_ids: set[UUID] = set()
    contact_ids: set[UUID] = set()
    for event in events:
        employee_ids |= {UUID(each["employee_id"]) for each in event.attendees if each["employee_id"]}
        employee_ids |= {event.organiser_id} if event.organiser_id else set()
        contact_ids |= {UUID(each["contact_id"]) for each in event.attendees if each["contact_id"]}
    for table, ids in ((Employee, employee_ids), (Contact, contact_ids if contacts else set())):
        rows = await session.execute(select(table.id, table.name, table.email).where(table.id.in_(ids)))
        found |= {row.id: Person(row.name, row.email) for row in rows if email_key(row.email or "")}
    return found


async def known(session: AsyncSession, emails: Collection[str], *, contacts: bool) -> dict[str, tuple[str, UUID]]:
    """Employees and contacts by their normalised address, with the field that names them; employees first."""
    found: dict[str, tuple[str, UUID]] = {}
    tables = (("employee_id", Employee), *((("contact_id", Contact),) if contacts else ()))
    for field, table in tables:
        rows = select(table.email_key, table.id).where(table.email_key.in_(emails), table.archived_at.is_(None))
        for key, row_id in await session.execute(rows.order_by(table.id)):
            found.setdefault(key, (field, row_id))
    return found


async def by_uid(session: AsyncSession, employee_id: UUID, uids: Collection[str]) -> dict[str, UUID]:
    """The ids of the events that an employee organises, by their identifier."""
    rows = select(CalendarEvent.uid, CalendarEvent.id).where(
        CalendarEvent.organiser_id == employee_id, CalendarEvent.uid.in_(uids)
    )
    return {row.uid: row.id for row in await session.execute(rows)}


def in_use(employee: Employee, now: datetime) -> bool:
    """Whether somebody still works here."""
    left = employee.left_on is not None and employee.left_on < clock.day_of(now)
    return employee.archived_at is None and not left


async def own_id(session: AsyncSession) -> UUID:
    """The id of the employee who calls. Raises `NoEmployee`."""
    employee_id = await caller_id(session)
    if employee_id is None:
        raise NoEmployee()
    return employee_id
