"""The declaration of calendar events."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from chassis.db import uuid7
from party.me import employee_id_of
from records import Record, ReferenceUnknown, reads
from sqlalchemy.ext.asyncio import AsyncSession

from crm.activities.calendar.models import CalendarEvent
from crm.activities.calendar.queries import caller_id, invites, of_employee
from crm.activities.calendar.schemas import CalendarEventBody, CalendarEventFilters, CalendarEventOut
from crm.parties.contacts.records import CONTACTS
from crm.parties.customers.records import CUSTOMERS
from crm.people.employees.models import Employee
from crm.people.employees.records import EMPLOYEES
from crm.sales.deals.records import DEALS
from crm.sales.orders.records import ORDERS

HIDDEN: dict[str, Any] = {
    "hidden": True,
    "attendees": [],
    "custom": {},
    **dict.fromkeys(("subject", "location", "text", "customer_id", "order_id", "deal_id")),
}


async def _identified(session: AsyncSession, row: CalendarEvent, values: dict[str, Any]) -> None:
    """Raises `ReferenceUnknown` with the place of the attendee."""
    row.id = row.id or uuid7()
    row.uid = row.uid or f"{row.id}@concord"
    for field, record in (("employee_id", EMPLOYEES), ("contact_id", CONTACTS)):
        invited = [(place, each[field]) for place, each in enumerate(values["attendees"]) if each[field]]
        found = await reads.by_ids(session, record, [UUID(person) for _, person in invited])
        for place, person in invited:
            if UUID(person) not in found:
                raise ReferenceUnknown(kind=record.name, id=person, field=f"attendees[{place}].{field}")


async def _shown(session: AsyncSession, rows: Sequence[Any]) -> Sequence[CalendarEventOut]:
    """Of private events that the caller does not attend, only the time."""
    caller = await caller_id(session) if any(row.private for row in rows) else None
    answers = ((row, CalendarEventOut.model_validate(row)) for row in rows)
    return [shown if row.shows_to(caller) else shown.model_copy(update=HIDDEN) for row, shown in answers]


CALENDAR_EVENTS = Record(
    "calendar_event",
    path="/v1/calendar-events",
    scope="activities",
    tag="calendar",
    row=CalendarEvent,
    body=CalendarEventBody,
    out=CalendarEventOut,
    filters=CalendarEventFilters,
    shown=_shown,
    sort=("begins_at", "created_at", "updated_at"),
    order="-begins_at",
    where={
        "organiser_id": lambda employee_id: CalendarEvent.organiser_id == UUID(str(employee_id)),
        "employee_id": of_employee,
        "contact_id": lambda contact_id: invites("contact_id", contact_id) & ~CalendarEvent.private,
        "customer_id": lambda customer_id: (CalendarEvent.customer_id == customer_id) & ~CalendarEvent.private,
        "order_id": lambda order_id: (CalendarEvent.order_id == order_id) & ~CalendarEvent.private,
        "deal_id": lambda deal_id: (CalendarEvent.deal_id == deal_id) & ~CalendarEvent.private,
        "takes_place_from": lambda moment: (CalendarEvent.until_at > moment) | CalendarEvent.until_at.is_(None),
        "takes_place_until": lambda moment: CalendarEvent.begins_at < moment,
    },
    refers={"organiser_id": EMPLOYEES, "customer_id": CUSTOMERS, "order_id": ORDERS, "deal_id": DEALS},
    callers={"organiser_id": employee_id_of(Employee)},
    prepare=_identified,
    actions={"answer": ()},
    annotated=False,
)
