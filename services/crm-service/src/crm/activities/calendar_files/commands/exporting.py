"""The calendar of an employee, and one event, as files."""

import asyncio
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from crm.activities.calendar.models import CalendarEvent
from crm.activities.calendar.queries import caller_id
from crm.activities.calendar_files import queries
from crm.activities.calendar_files.commands.writing import booking_of, calendar_of, event_of


async def file_of(session: AsyncSession, employee_id: UUID, reader: UUID | None, *, only_times: bool = False) -> bytes:
    """The calendar of an employee as a file, as far as the reader may see it."""
    events = await queries.events_of(session, employee_id)
    bookings = await queries.bookings_of(session, employee_id)
    people = {} if only_times else await queries.people_of(session, events)

    def built() -> bytes:
        parts = [event_of(each, people, hidden=only_times or not each.shows_to(reader)) for each in events]
        return calendar_of([*parts, *(booking_of(each, hidden=only_times) for each in bookings)])

    return await asyncio.to_thread(built)


async def file_of_event(session: AsyncSession, event: CalendarEvent) -> bytes:
    """One event as a file, as far as the caller may see it."""
    hidden = event.private and not event.shows_to(await caller_id(session))
    people = {} if hidden else await queries.people_of(session, [event])
    return calendar_of([event_of(event, people, hidden=hidden)])
