"""Busy times of employees."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from crm.activities.bookings.queries import of_employees
from crm.activities.calendar import queries as calendar
from crm.activities.calendar.models import CalendarEvent
from crm.activities.calendar.rules import EventState, Span
from crm.activities.free_busy.schemas import BusyTime


async def busy_times(
    session: AsyncSession, employee_ids: Sequence[UUID], window: Span, caller: UUID | None
) -> dict[UUID, list[BusyTime]]:
    """The busy times of employees, as far as the caller may see them. Raises `TooManyEvents`."""
    found: dict[UUID, list[BusyTime]] = {employee_id: [] for employee_id in employee_ids}
    for event in await calendar.in_time(session, employee_ids, window):
        keeping = [(found[each], state) for each in employee_ids if (state := event.takes(each)) is not None]
        spans = list(event.schedule.within(window)) if keeping else []
        for busy, state in keeping:
            busy.extend(_shown(event, span, state, caller) for span in spans if span.starts_at < span.ends_at)
    for booking in await of_employees(session, employee_ids, window):
        shown = {"booking_id": booking.id, "subject": booking.subject}
        if booking.employee_id is not None:
            times = booking.span._asdict()
            found[booking.employee_id].append(BusyTime.model_validate({**times, "state": "confirmed", **shown}))
    return {employee_id: sorted(busy, key=lambda each: each.starts_at) for employee_id, busy in found.items()}


def _shown(event: CalendarEvent, span: Span, state: EventState, caller: UUID | None) -> BusyTime:
    shown = {"subject": event.subject, "location": event.location} if event.shows_to(caller) else {}
    return BusyTime.model_validate(
        {**span._asdict(), "state": state.value, **shown, **({"calendar_event_id": event.id} if shown else {})}
    )
