"""iCalendar files of events and bookings (RFC 5545)."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, vCalAddress, vRecur
from recurrence.rules import until_of

from crm.activities.bookings.models import Booking
from crm.activities.calendar.models import CalendarEvent
from crm.activities.calendar.rules import AttendeeAnswer
from crm.activities.calendar_files.queries import Person

PRODUCT = "-//Concord//CRM//EN"
BUSY = "Busy"
PARTSTAT: Mapping[str, str] = {
    AttendeeAnswer.NEEDS_ACTION: "NEEDS-ACTION",
    AttendeeAnswer.ACCEPTED: "ACCEPTED",
    AttendeeAnswer.DECLINED: "DECLINED",
    AttendeeAnswer.TENTATIVE: "TENTATIVE",
}


def calendar_of(parts: Iterable[Event]) -> bytes:
    """A file with these events, and the time zones that they name."""
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    for part in parts:
        calendar.add_component(part)
    calendar.add_missing_timezones()
    return bytes(calendar.to_ical())


def event_of(event: CalendarEvent, people: Mapping[UUID, Person], *, hidden: bool) -> Event:
    """An event; only the time of a hidden one."""
    part = _part(event.uid, BUSY if hidden else event.subject, event.created_at, event.updated_at, event.version)
    _add_time(part, event)
    part.add("status", event.state.upper())
    part.add("transp", "OPAQUE" if event.busy else "TRANSPARENT")
    part.add("class", "PRIVATE" if event.private else "PUBLIC")
    if hidden:
        return part
    if event.location:
        part.add("location", event.location)
    if event.text:
        part.add("description", event.text)
    _add_people(part, event, people)
    return part


def booking_of(booking: Booking, *, hidden: bool) -> Event:
    """A booking of an employee."""
    subject = BUSY if hidden else booking.subject
    part = _part(f"{booking.id}@concord", subject, booking.created_at, booking.updated_at, booking.version)
    part.add("dtstart", booking.starts_at.astimezone(UTC))
    part.add("dtend", booking.ends_at.astimezone(UTC))
    return part


def _part(uid: str, subject: str, created_at: datetime, updated_at: datetime, version: int) -> Event:
    part = Event()
    part.add("uid", uid)
    part.add("summary", subject)
    part.add("dtstamp", updated_at.astimezone(UTC))
    part.add("created", created_at.astimezone(UTC))
    part.add("last-modified", updated_at.astimezone(UTC))
    part.add("sequence", version - 1)
    return part


def _add_time(part: Event, event: CalendarEvent) -> None:
    zone = ZoneInfo(event.time_zone)
    if event.starts_on and event.ends_on:
        part.add("dtstart", event.starts_on)
        part.add("dtend", event.ends_on + timedelta(days=1))
    else:
        # Only occurrences need the zone: a single time is the same everywhere.
        place = zone if event.recurrence else UTC
        part.add("dtstart", event.begins_at.astimezone(place))
        part.add("dtend", event.finishes_at.astimezone(place))
    if not event.recurrence:
        return
    part.add("rrule", vRecur.from_ical(_rule(event, zone)))
    days = sorted(date.fromisoformat(each) for each in event.excluded_on)
    if event.starts_on:
        left_out: list[date] = days
    else:
        at = event.begins_at.astimezone(zone).time()
        left_out = [datetime.combine(day, at, zone) for day in days]
    if left_out:
        part.add("exdate", left_out)


def _rule(event: CalendarEvent, zone: ZoneInfo) -> str:
    """The rule; its last moment is a date of whole days, and otherwise in UTC."""
    rule = event.recurrence or ""
    until = until_of(rule, zone)
    if until is None:
        return rule
    others = [part for part in rule.split(";") if not part.startswith("UNTIL=")]
    last = f"{until:%Y%m%d}" if event.starts_on else f"{until.replace(tzinfo=zone).astimezone(UTC):%Y%m%dT%H%M%SZ}"
    return ";".join([*others, f"UNTIL={last}"])


def _add_people(part: Event, event: CalendarEvent, people: Mapping[UUID, Person]) -> None:
    if event.organiser_id is not None and event.organiser_id in people:
        part.add("organizer", _address(people[event.organiser_id]))
    for attendee in event.attendees:
        known = attendee["employee_id"] or attendee["contact_id"]
        person = people.get(UUID(known)) if known else Person(attendee["name"] or attendee["email"], attendee["email"])
        if person is not None:
            address = _address(person)
            address.params["PARTSTAT"] = PARTSTAT[attendee["answer"]]
            part.add("attendee", address)


def _address(person: Person) -> vCalAddress:
    address = vCalAddress(f"mailto:{person.email}")
    address.params["CN"] = person.name
    return address
