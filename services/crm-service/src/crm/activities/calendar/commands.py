"""Commands on calendar events."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from chassis import gather
from records import reads, writes
from records.writes import Seen
from sqlalchemy.ext.asyncio import AsyncSession

from crm.activities.calendar.models import CalendarEvent, EventPrivate, NotInvited
from crm.activities.calendar.queries import caller_id
from crm.activities.calendar.records import CALENDAR_EVENTS
from crm.activities.calendar.schemas import Reply


async def change(
    session: AsyncSession, event_id: UUID, patch: Mapping[str, Any], actor: str, seen: Seen
) -> CalendarEvent:
    """Change an event. Raises `EventPrivate`, and the errors of a plain change."""
    await permit(session, event_id)
    return await writes.change(session, CALENDAR_EVENTS, event_id, patch, actor, seen)


async def permit(session: AsyncSession, event_id: UUID) -> None:
    """Lock an event that the caller changes. Raises `NotFound`, `EventPrivate`."""
    row = await reads.by_id(session, CALENDAR_EVENTS, event_id, lock=True)
    if row.private and not row.shows_to(await caller_id(session)):
        raise EventPrivate()


async def answer(session: AsyncSession, event_id: UUID, reply: Reply, actor: str) -> CalendarEvent:
    """Store the answer of an attendee. Raises `NotFound`, `EventPrivate`, `NotInvited`, `Archived`."""
    await permit(session, event_id)
    row = await reads.by_id(session, CALENDAR_EVENTS, event_id, lock=True)
    field, person = ("contact_id", reply.contact_id) if reply.contact_id else ("employee_id", reply.employee_id)
    wanted = str(person or await caller_id(session))
    attendees = [{**each, "answer": reply.answer} if each[field] == wanted else each for each in row.attendees]
    if not any(each[field] == wanted for each in attendees):
        raise NotInvited()
    await writes.change(session, CALENDAR_EVENTS, event_id, {"attendees": attendees}, actor, lambda _row: None)
    await gather.flush(session)
    return row
