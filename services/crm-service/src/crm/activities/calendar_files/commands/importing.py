"""Import of the events of a file."""

import asyncio
from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from chassis.db import caller_of, is_passing
from chassis.edge import field_errors, from_database
from chassis.errors import Problem
from localisation import Phrase
from pydantic import ValidationError
from records import writes
from recurrence import zone_of_person
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from crm.activities.calendar.records import CALENDAR_EVENTS
from crm.activities.calendar.rules import AttendeeAnswer
from crm.activities.calendar_files import queries
from crm.activities.calendar_files.models import CalendarUnreadable
from crm.activities.calendar_files.rules import FileEvent, Unreadable, read
from crm.activities.calendar_files.schemas import CalendarImport, ImportedEvent, RefusedEvent
from crm.people.employees.models import Employee


async def take(session: AsyncSession, content: bytes, actor: str) -> CalendarImport:
    """Store the events of a file in the caller's calendar, each alone; what is stored already is changed.

    Raises `NoEmployee`, `CalendarUnreadable`.
    """
    employee = await session.get_one(Employee, await queries.own_id(session))
    try:
        events = await asyncio.to_thread(read, content, zone_of_person(employee))
    except Unreadable as error:
        raise CalendarUnreadable(reason=Phrase("{error}", error=str(error))) from None
    emails = {email for event in events for email, _, _ in event.people}
    known = await queries.known(session, emails, contacts="contacts:read" in caller_of(session).scopes)
    stored = await queries.by_uid(session, employee.id, [event.values["uid"] for event in events if not event.error])
    counts = {"created": 0, "changed": 0, "unchanged": 0}
    refused: list[RefusedEvent] = []
    for event in events:
        try:
            if event.error:
                raise ValueError(event.error)
            _invite(event, employee, known)
            async with session.begin_nested():
                counts[await _store(session, event, employee.id, stored, actor)] += 1
        except (Problem, DBAPIError, ValueError) as error:
            if is_passing(error):
                raise
            reason = _reason(error)
            refused.append(RefusedEvent(position=event.position, uid=event.uid, subject=event.subject, reason=reason))
    return CalendarImport(**counts, refused=refused)


def _invite(event: FileEvent, employee: Employee, known: Mapping[str, tuple[str, UUID]]) -> None:
    """The attendees; the employee himself is the organiser, and free if he has declined."""
    attendees: dict[Any, dict[str, Any]] = {}
    for email, name, answer in event.people:
        field, person = known.get(email, ("email", email))
        if person == employee.id:
            event.values["busy"] = event.values["busy"] and answer != AttendeeAnswer.DECLINED
        else:
            label = {"name": name} if field == "email" else {}
            attendees[person] = {field: str(person), "answer": answer.value, **label}
    event.values["attendees"] = list(attendees.values())


async def _store(
    session: AsyncSession, event: FileEvent, employee_id: UUID, stored: dict[str, UUID], actor: str
) -> str:
    body = ImportedEvent(**event.values, organiser_id=employee_id)
    event_id = stored.get(body.uid)
    if event_id is None:
        row = await writes.create(session, CALENDAR_EVENTS, body, actor)
        stored[body.uid] = row.id
        return "created"
    before: list[int] = []
    patch = body.model_dump(mode="json", include={*event.values} - {"uid"})
    row = await writes.change(session, CALENDAR_EVENTS, event_id, patch, actor, lambda row: before.append(row.version))
    return "unchanged" if [row.version] == before else "changed"


def _reason(error: Problem | DBAPIError | ValueError) -> str:
    if isinstance(error, ValidationError):
        return "; ".join(f"{each['field']}: {each['message']}" for each in field_errors(error, {}))
    if isinstance(error, ValueError):
        return str(error)
    problem = error if isinstance(error, Problem) else from_database(error)
    errors: Collection[Any] = problem.facts.get("errors", ())
    return " ".join((str(problem), *(f"{each['field']}: {each['message']}" for each in errors)))
