"""HTTP of calendar events."""

from contextlib import suppress
from typing import Annotated
from uuid import UUID

from chassis.auth import Principal, requires
from chassis.db import Session, caller_of
from fastapi import Request, Response
from records import ActionRouter, answered, routes

from crm.activities.calendar import commands
from crm.activities.calendar.records import CALENDAR_EVENTS
from crm.activities.calendar.schemas import CalendarEventOut, Reply

Writer = Annotated[Principal, requires("activities:write")]
READING = {"GET", "HEAD"}
actions = ActionRouter(CALENDAR_EVENTS)


async def attended(request: Request, session: Session) -> None:
    """Dependency: only those who attend a private event change it. Raises `NotFound`, `EventPrivate`."""
    if request.method in READING or CALENDAR_EVENTS.write_scope not in caller_of(session).scopes:
        return  # A missing scope is refused by the route itself.
    with suppress(KeyError, ValueError):  # A malformed id is refused with the others of the request's errors.
        event_id = UUID(request.path_params["calendar_event_id"])
        await commands.permit(session, event_id)


@actions.post("/{calendar_event_id}/answer")
async def answer_calendar_event(
    calendar_event_id: UUID, reply: Reply, session: Session, caller: Writer, response: Response
) -> CalendarEventOut:
    """Accept or decline an invitation, or accept it tentatively, for the caller or for another attendee."""
    row = await commands.answer(session, calendar_event_id, reply, caller.subject)
    return await answered(session, CALENDAR_EVENTS, row, response)


routers = (
    routes(
        CALENDAR_EVENTS,
        change=commands.change,
        before=attended,
        says={"archive": "Archive an event: it takes no time any more. To call it off, change `state` to `cancelled`."},
    ),
    actions,
)
