"""Calendar files: export, import and subscriptions."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4
from zoneinfo import ZoneInfo

import httpx
import pytest
from chassis.db import Sessions
from chassis.testing import application, brought, caller, item, time_is
from crm.activities.calendar.models import CalendarEvent
from crm.activities.calendar.rules import Span
from crm.activities.calendar_files.commands.writing import calendar_of, event_of
from crm.activities.calendar_files.models import CalendarSubscription
from crm.activities.calendar_files.rules import Unreadable, read
from crm.people.employees.models import Employee
from crm.wiring import SERVICE
from dateutil.rrule import rrulestr
from hypothesis import given, settings
from hypothesis import strategies as st
from icalendar import Calendar
from sqlalchemy.ext.asyncio import AsyncSession

SEEN = {"If-Match": "*"}
FILE = b"""BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Example//EN
BEGIN:VTIMEZONE
TZID:W. Europe Standard Time
BEGIN:STANDARD
DTSTART:16010101T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010101T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3
END:DAYLIGHT
END:VTIMEZONE
BEGIN:VEVENT
UID:weekly@example
SUMMARY:Weekly meeting\\, long
DTSTART;TZID=Europe/Berlin:20261019T100000
DTEND;TZID=Europe/Berlin:20261019T110000
RRULE:FREQ=WEEKLY;BYDAY=MO;COUNT=5
EXDATE;TZID=Europe/Berlin:20261102T100000
ORGANIZER;CN=Boss:mailto:boss@example.com
ATTENDEE;CN=Nancy;PARTSTAT=ACCEPTED:mailto:NANCY@northwind.example
ATTENDEE;CN=Andrew;PARTSTAT=DECLINED:mailto:andrew@northwind.example
ATTENDEE:urn:no-address
END:VEVENT
BEGIN:VEVENT
UID:weekly@example
RECURRENCE-ID;TZID=Europe/Berlin:20261026T100000
SUMMARY:Moved meeting
DTSTART;TZID=Europe/Berlin:20261027T100000
DURATION:PT30M
END:VEVENT
BEGIN:VEVENT
UID:fair@example
SUMMARY:Fair
DTSTART;VALUE=DATE:20261110
DTEND;VALUE=DATE:20261113
TRANSP:TRANSPARENT
CLASS:PRIVATE
END:VEVENT
BEGIN:VEVENT
UID:outlook@example
SUMMARY:Windows zone
DTSTART;TZID=W. Europe Standard Time:20261201T080000
DTEND;TZID=W. Europe Standard Time:20261201T090000
STATUS:CANCELLED
END:VEVENT
BEGIN:VEVENT
UID:hourly@example
SUMMARY:Too often
DTSTART:20261019T100000Z
RRULE:FREQ=HOURLY
END:VEVENT
BEGIN:VEVENT
UID:backwards@example
SUMMARY:Backwards
DTSTART:20261019T100000Z
DTEND:20261018T100000Z
END:VEVENT
BEGIN:VEVENT
SUMMARY:Nameless
DTSTART:20261019T100000Z
END:VEVENT
BEGIN:VEVENT
UID:broken@example
DTSTART:yesterday
END:VEVENT
BEGIN:VEVENT
UID:rdate@example
DTSTART:20261019T100000Z
RDATE:20261020T100000Z
END:VEVENT
END:VCALENDAR
""".replace(b"\n", b"\r\n")


@pytest.fixture
async def nancy(api: httpx.AsyncClient, sessions: Sessions) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an employee."""
    nancy = item(uuid4(), name="Nancy", subject="nancy", email="nancy@northwind.example")
    await brought(api, "employee", nancy)
    scopes = "activities:read activities:write employees:read contacts:read"
    async with caller(SERVICE, sessions, scopes, subject="nancy") as client:
        yield client


async def taken(api: httpx.AsyncClient, content: bytes) -> dict[str, Any]:
    answer = await api.post("/v1/calendar:import", content=content, headers={"Content-Type": "text/calendar"})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


@pytest.mark.servers
async def test_the_events_of_a_file_are_stored_once(api: httpx.AsyncClient, nancy: httpx.AsyncClient) -> None:
    andrew = await brought(api, "employee", item(uuid4(), name="Andrew", email="andrew@northwind.example"))
    report = await taken(nancy, FILE)
    assert (report["created"], report["changed"], report["unchanged"]) == (4, 0, 0), report
    refused = {each["position"]: each["reason"] for each in report["refused"]}
    assert sorted(refused) == [5, 6, 7, 8, 9]
    assert "FREQ" in refused[5] and "ends" in refused[6] and "UID" in refused[7] and "RDATE" in refused[9], refused
    events = {each["uid"]: each for each in (await nancy.get("/v1/calendar-events")).json()["items"]}
    weekly = events["weekly@example"]
    assert (weekly["subject"], weekly["begins_at"]) == ("Weekly meeting, long", "2026-10-19T08:00:00Z")
    assert weekly["excluded_on"] == ["2026-10-26", "2026-11-02"], "the replaced occurrence is left out, too"
    invited = {each["employee_id"] or each["email"]: each["answer"] for each in weekly["attendees"]}
    assert invited == {"boss@example.com": "accepted", andrew: "declined"}
    assert events["weekly@example/20261026"]["ends_at"] == "2026-10-27T09:30:00Z"
    fair = events["fair@example"]
    assert (fair["starts_on"], fair["ends_on"], fair["busy"], fair["private"]) == (
        "2026-11-10", "2026-11-12", False, True,
    )  # fmt: skip
    assert (events["outlook@example"]["begins_at"], events["outlook@example"]["state"]) == (
        "2026-12-01T07:00:00Z", "cancelled",
    )  # fmt: skip
    again = await taken(nancy, FILE)
    assert (again["created"], again["changed"], again["unchanged"]) == (0, 0, 4), again
    moved = await taken(nancy, FILE.replace(b"SUMMARY:Fair", b"SUMMARY:Great fair"))
    assert (moved["created"], moved["changed"], moved["unchanged"]) == (0, 1, 3), moved


@pytest.mark.servers
@pytest.mark.parametrize(
    ("content", "kind", "status", "code"),
    [
        (b"", "text/calendar", 422, "calendar-unreadable"),
        (b"hello", "text/calendar", 422, "calendar-unreadable"),
        (b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nEND:VCALENDAR\r\n", "text/calendar", 422, "calendar-unreadable"),
        (b"BEGIN:VCALENDAR\r\n\xff\xfe:\x00\r\n", "text/calendar", 422, "calendar-unreadable"),
        (FILE.replace(b"END:VCALENDAR", b"BEGIN:VEVENT\r\nEND:VEVENT\r\n" * 500 + b"END:VCALENDAR"), "text/calendar",
         422, "calendar-unreadable"),
        (FILE, "text/plain", 415, "not-a-calendar"),
        (FILE + b" " * 1024 * 1024, "text/calendar", 413, "too-large"),
    ],
)  # fmt: skip
async def test_what_is_no_calendar_is_refused(
    nancy: httpx.AsyncClient, content: bytes, kind: str, status: int, code: str
) -> None:
    refused = await nancy.post("/v1/calendar:import", content=content, headers={"Content-Type": kind})
    assert (refused.status_code, refused.json()["type"]) == (status, f"/problems/{code}"), refused.text


@pytest.mark.servers
async def test_an_exported_calendar_is_imported_without_a_change(nancy: httpx.AsyncClient) -> None:
    await taken(nancy, FILE)
    exported = await nancy.get("/v1/calendar:ics")
    assert (exported.status_code, exported.headers["content-type"]) == (200, "text/calendar; charset=utf-8")
    assert [each["TZID"] for each in Calendar.from_ical(exported.content).walk("VTIMEZONE")] == ["Europe/Berlin"]
    report = await taken(nancy, exported.content)
    assert (report["created"], report["refused"]) == (0, []), report
    weekly = (await nancy.get("/v1/calendar-events", params={"q": "weekly"})).json()["items"][0]
    one = await nancy.get(f"/v1/calendar-events/{weekly['id']}/ics")
    assert "UID:weekly@example" in one.text and "COUNT=5" in one.text


@pytest.mark.servers
async def test_a_subscription_is_read_by_its_secret_until_it_is_revoked(
    api: httpx.AsyncClient, nancy: httpx.AsyncClient, session: AsyncSession, sessions: Sessions
) -> None:
    application(SERVICE).state.rates._counts.storage.reset()
    await taken(nancy, FILE)
    made = (await nancy.post("/v1/calendar-subscriptions", json={"name": "Phone"})).json()
    times = (await nancy.post("/v1/calendar-subscriptions", json={"name": "Board", "only_times": True})).json()
    parts = urlsplit(made["url"])
    address = f"{parts.path}?{parts.query}"
    token = parts.query.removeprefix("token=")
    stored = await session.get_one(CalendarSubscription, made["id"])
    assert token.encode() not in stored.digest and len(stored.digest) == 32
    listed = await nancy.get("/v1/calendar-subscriptions")
    assert token not in listed.text and len(listed.json()["items"]) == 2
    async with caller(SERVICE, sessions, "", subject="nobody") as program:
        read_by_it = await program.get(address)
        assert b"Weekly meeting" in read_by_it.content and read_by_it.status_code == 200, read_by_it.text
        shown = urlsplit(times["url"])
        only_times = (await program.get(f"{shown.path}?{shown.query}")).content
        assert b"SUMMARY:Busy" in only_times and b"Weekly" not in only_times and b"boss" not in only_times
        wrong = await program.get(address[:-1] + ("A" if address[-1] != "A" else "B"))
        assert (wrong.status_code, wrong.json()["type"]) == (404, "/problems/calendar-unknown")
        assert (await program.get("/v1/calendar.ics?token=short")).status_code == 422
        assert (await api.delete(f"/v1/calendar-subscriptions/{made['id']}")).status_code == 404, "it is Nancy's"
        assert (await nancy.delete(f"/v1/calendar-subscriptions/{made['id']}")).status_code == 200
        assert (await program.get(address)).status_code == 404
        codes = [(await program.get(f"{shown.path}?{shown.query}")).status_code for _ in range(25)]
        assert 429 in codes, "reads are limited"
    application(SERVICE).state.rates._counts.storage.reset()


@pytest.mark.servers
async def test_the_calendar_of_somebody_who_has_left_is_not_read(
    nancy: httpx.AsyncClient, sessions: Sessions, session: AsyncSession
) -> None:
    made = (await nancy.post("/v1/calendar-subscriptions", json={"name": "Phone"})).json()
    employee = await session.get_one(Employee, made["employee_id"])
    employee.left_on = date(2026, 11, 1)
    await session.flush()
    parts = urlsplit(made["url"])
    async with caller(SERVICE, sessions, "", subject="nobody") as program:
        for day, status in (("2026-11-01T12:00:00Z", 200), ("2026-11-02T12:00:00Z", 404)):
            with time_is(day):
                assert (await program.get(f"{parts.path}?{parts.query}")).status_code == status


@pytest.mark.servers
async def test_the_secret_of_a_subscription_is_in_no_log(
    nancy: httpx.AsyncClient, sessions: Sessions, capsys: pytest.CaptureFixture[str]
) -> None:
    made = (await nancy.post("/v1/calendar-subscriptions", json={"name": "Phone"})).json()
    parts = urlsplit(made["url"])
    async with caller(SERVICE, sessions, "", subject="nobody") as program:
        assert (await program.get(f"{parts.path}?{parts.query}")).status_code == 200
    assert parts.query.removeprefix("token=") not in capsys.readouterr().out


@pytest.mark.servers
async def test_a_private_event_of_another_calendar_is_exported_as_busy(
    api: httpx.AsyncClient, nancy: httpx.AsyncClient
) -> None:
    await taken(nancy, FILE)
    fair = next(each for each in (await nancy.get("/v1/calendar-events")).json()["items"] if each["private"])
    for path in (f"/v1/calendar-events/{fair['id']}/ics", f"/v1/calendar:ics?employee_id={fair['organiser_id']}"):
        answer = await api.get(path)
        assert answer.status_code == 200 and "Fair" not in answer.text and "SUMMARY:Busy" in answer.text
    assert (await api.get("/v1/calendar:ics")).json()["type"] == "/problems/no-employee"


def test_reading_never_raises_anything_else() -> None:
    lines = FILE.split(b"\r\n")
    for number in range(len(lines)):
        for changed in (b"", b"X", lines[number][: len(lines[number]) // 2], b"BEGIN:VEVENT", b"DTSTART:99999999"):
            try:
                read(b"\r\n".join([*lines[:number], changed, *lines[number + 1 :]]), "Europe/Riga")
            except Unreadable:
                continue


RULES = st.sampled_from(
    ["FREQ=DAILY", "FREQ=WEEKLY;BYDAY=MO,TH", "FREQ=MONTHLY;BYDAY=-1FR", "FREQ=DAILY;INTERVAL=3;UNTIL=20261215",
     "FREQ=WEEKLY;COUNT=4", "FREQ=MONTHLY;BYMONTHDAY=25;UNTIL=20270101T120000", "FREQ=YEARLY"]
)  # fmt: skip

DAYS = st.dates(date(2026, 10, 1), date(2026, 12, 31))


@settings(max_examples=60, deadline=None)
@given(RULES, st.dates(date(2026, 10, 1), date(2026, 11, 20)), st.sets(DAYS, max_size=5))
def test_a_written_rule_has_the_occurrences_of_the_calendar(rule: str, begins: date, excluded: set[date]) -> None:
    first = datetime.combine(begins, time(10, 15), ZoneInfo("Europe/Berlin"))
    event = CalendarEvent(
        uid="a", subject="A", time_zone="Europe/Berlin", begins_at=first.astimezone(UTC), recurrence=rule,
        finishes_at=first.astimezone(UTC) + timedelta(hours=1), excluded_on=[each.isoformat() for each in excluded],
        created_at=first, updated_at=first, version=1, state="confirmed", busy=True, private=False, attendees=[],
        text="",
    )  # fmt: skip
    window = Span(first.astimezone(UTC) - timedelta(days=1), first.astimezone(UTC) + timedelta(days=90))
    shown = [each.starts_at for each in event.schedule.within(window)]
    written: Any = Calendar.from_ical(calendar_of([event_of(event, {}, hidden=False)])).walk("VEVENT")[0]
    start = written.start
    expanded = rrulestr(written["RRULE"].to_ical().decode(), dtstart=start)
    left_out = written.get("EXDATE")
    dates = {each.dt.astimezone(UTC) for each in left_out.dts} if left_out else set()
    found = {each.astimezone(UTC) for each in expanded.between(window.starts_at, window.ends_at)}
    # The first occurrence belongs to the event, whether the rule names it or not.
    assert set(shown) == (found | {start.astimezone(UTC)}) - dates
    [same] = read(calendar_of([event_of(event, {}, hidden=False)]), "UTC")
    assert same.error is None and same.values["excluded_on"] == sorted(event.excluded_on)
