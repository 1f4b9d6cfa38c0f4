"""Events of iCalendar files (RFC 5545)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from chassis.settings import zone_of
from contracts.normalise import email_key
from icalendar import Calendar, Event

from crm.activities.calendar.rules import AttendeeAnswer, EventState

MOST_EVENTS = 500
MOST_TEXT, MOST_SUBJECT = 10_000, 200
NO_SUBJECT = "(no subject)"
ANSWERS = {
    "ACCEPTED": AttendeeAnswer.ACCEPTED,
    "DECLINED": AttendeeAnswer.DECLINED,
    "TENTATIVE": AttendeeAnswer.TENTATIVE,
}
STATES = {"TENTATIVE": EventState.TENTATIVE, "CANCELLED": EventState.CANCELLED}


class Unreadable(ValueError):
    """The file is no calendar; the text says why."""


class NotTaken(ValueError):
    """An event has a part that events of the CRM do not have; the text says which one."""


@dataclass
class FileEvent:
    """An event of a file; `error` says why it cannot be stored."""

    position: int
    uid: str | None
    subject: str | None
    values: dict[str, Any] = field(default_factory=dict)
    people: list[tuple[str, str | None, AttendeeAnswer]] = field(default_factory=list)
    error: str | None = None
    replaces: tuple[str, date] | None = None
    """The event of the file of which this one replaces an occurrence, and the day of that one."""


def read(content: bytes, zone: str) -> list[FileEvent]:
    """The events of a file; times without a zone are in this one. Raises `Unreadable`."""
    if not content.lstrip(b"\xef\xbb\xbf \r\n\t").upper().startswith(b"BEGIN:VCALENDAR"):
        raise Unreadable("it does not begin with BEGIN:VCALENDAR")
    try:
        calendar = Calendar.from_ical(content.removeprefix(b"\xef\xbb\xbf"))
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError) as error:
        raise Unreadable(str(error)[:200] or "it is malformed") from None
    if not isinstance(calendar, Calendar):
        raise Unreadable("it is not a calendar")
    parts = [each for each in calendar.walk("VEVENT") if isinstance(each, Event)]
    if len(parts) > MOST_EVENTS:
        raise Unreadable(f"it has more than {MOST_EVENTS} events")
    found = [_read(part, position, zone) for position, part in enumerate(parts, 1)]
    _exclude_replaced(found)
    return found


def _exclude_replaced(events: list[FileEvent]) -> None:
    """On the day of an occurrence that another event replaces, the rule has none."""
    whole = {each.uid: each for each in events if each.replaces is None}
    for event in events:
        if event.replaces is not None and event.replaces[0] in whole and event.error is None:
            excluded = whole[event.replaces[0]].values.get("excluded_on", [])
            whole[event.replaces[0]].values["excluded_on"] = sorted({*excluded, event.replaces[1].isoformat()})


def _read(part: Event, position: int, zone: str) -> FileEvent:
    uid, subject = str(part.get("UID", "")) or None, " ".join(str(part.get("SUMMARY", "")).split())[:MOST_SUBJECT]
    event = FileEvent(position, uid, subject or None)
    try:
        if uid is None:
            raise NotTaken("it has no UID")
        if part.errors:
            name, error = part.errors[0]
            raise NotTaken(f"{name}: {error}"[:200])
        event.values = {"uid": uid, "subject": subject or NO_SUBJECT, **_plain(part), **_times(part, zone)}
        event.people = list(_people(part))
        _replace(part, event)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, OverflowError) as error:
        event.error = str(error)[:200] or "it is malformed"
    return event


def _plain(part: Event) -> dict[str, Any]:
    return {
        "location": " ".join(str(part.get("LOCATION", "")).split())[:MOST_SUBJECT] or None,
        "text": str(part.get("DESCRIPTION", ""))[:MOST_TEXT],
        "state": STATES.get(str(part.get("STATUS", "")).upper(), EventState.CONFIRMED).value,
        "busy": str(part.get("TRANSP", "")).upper() != "TRANSPARENT",
        "private": str(part.get("CLASS", "PUBLIC")).upper() != "PUBLIC",
    }


def _times(part: Event, zone: str) -> dict[str, Any]:
    begin, end = part.start, part.end
    name = _zone_name(begin, zone)
    times: dict[str, Any] = dict.fromkeys(("starts_at", "ends_at", "starts_on", "ends_on"))
    if isinstance(begin, datetime) and isinstance(end, datetime):
        times |= {"starts_at": _instant(begin, zone), "ends_at": _instant(end, zone)}
    elif isinstance(begin, datetime) or isinstance(end, datetime):
        raise NotTaken("one of DTSTART and DTEND is a date, the other one a time")
    else:
        last = max(begin, end - timedelta(days=1))
        times |= {"starts_on": begin.isoformat(), "ends_on": last.isoformat()}
    rule = _rule(part)
    if rule and name is None:
        raise NotTaken("it recurs in a time zone that has no IANA name")
    place = zone_of(name or zone)
    excluded = sorted({_day(each, place, zone).isoformat() for each in _dates(part, "EXDATE")})
    return {**times, "time_zone": name or zone, "recurrence": rule, "excluded_on": excluded if rule else []}


def _rule(part: Event) -> str | None:
    if "RDATE" in part or "EXRULE" in part:
        raise NotTaken("RDATE and EXRULE are not supported: enter an event for each further day")
    rule = part.get("RRULE")
    if isinstance(rule, list):
        raise NotTaken("it has more than one RRULE")
    return None if rule is None else str(rule.to_ical().decode())


def _dates(part: Event, name: str) -> Iterator[date]:
    given = part.get(name, [])
    for each in given if isinstance(given, list) else [given]:
        yield from (one.dt for one in each.dts)


def _replace(part: Event, event: FileEvent) -> None:
    """An event that replaces an occurrence is one of its own: its identifier names the occurrence, too."""
    replaced = part.get("RECURRENCE-ID")
    if replaced is None or event.uid is None:
        return
    if "RANGE" in replaced.params:
        raise NotTaken("it replaces an occurrence and all later ones: enter another event for them")
    zone = event.values["time_zone"]
    day = _day(replaced.dt, zone_of(zone), zone)
    event.replaces = (event.uid, day)
    event.values["uid"] = f"{event.uid}/{day:%Y%m%d}"


def _zone_name(begin: date, zone: str) -> str | None:
    """The IANA name of the zone; None of another one."""
    if not isinstance(begin, datetime) or begin.tzinfo is None:
        return zone
    return "UTC" if begin.tzinfo is UTC else getattr(begin.tzinfo, "key", None)


def _instant(moment: datetime, zone: str) -> str:
    placed = moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone))
    return placed.astimezone(UTC).isoformat()


def _day(moment: date, place: tzinfo, zone: str) -> date:
    if not isinstance(moment, datetime):
        return moment
    placed = moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone))
    return placed.astimezone(place).date()


def _people(part: Event) -> Iterator[tuple[str, str | None, AttendeeAnswer]]:
    """Addresses with names and answers, each once; what is no e-mail address is left out."""
    found: dict[str, tuple[str, str | None, AttendeeAnswer]] = {}
    organiser = part.get("ORGANIZER")
    if organiser is not None:
        _add(found, organiser, AttendeeAnswer.ACCEPTED)
    given = part.get("ATTENDEE", [])
    for each in given if isinstance(given, list) else [given]:
        _add(found, each, ANSWERS.get(str(each.params.get("PARTSTAT", "")).upper(), AttendeeAnswer.NEEDS_ACTION))
    yield from found.values()


def _add(found: dict[str, Any], address: Any, answer: AttendeeAnswer) -> None:
    text = str(address)
    email = email_key(text[len("mailto:") :] if text.lower().startswith("mailto:") else text)
    if email is not None:
        params: Mapping[str, Any] = address.params
        name = " ".join(str(params.get("CN", "")).split())[:MOST_SUBJECT] or None
        found[email] = (email, name, answer)
