"""Bookings of resources and employees."""

import asyncio
import random
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from chassis.db import Sessions, transaction
from chassis.testing import TENANT, brought, caller, item
from crm.activities.bookings.models import Booking
from crm.activities.bookings.rules import Working, free
from crm.activities.calendar.rules import Span
from crm.wiring import SERVICE
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

SEEN = {"If-Match": "*"}
SCOPES = "activities:read activities:write"
MONDAY = datetime(2026, 10, 19, tzinfo=UTC)
HOURS = st.integers(0, 24 * 6)


def at(hour: float) -> str:
    return (MONDAY + timedelta(hours=hour)).isoformat()


async def room(api: httpx.AsyncClient) -> dict[str, Any]:
    answer = await api.post("/v1/resources", json={"name": "Tasting room"})
    return {"subject": "Tasting", "resource_id": answer.json()["id"]}


async def nancy(api: httpx.AsyncClient, **patch: Any) -> dict[str, Any]:
    """An employee who works on Mondays and Tuesdays, from nine to one o'clock in Berlin."""
    hours = {"monday": "4", "tuesday": "4"}
    employee_id = await brought(api, "employee", item(uuid4(), name="Nancy", working_time=hours))
    patch = {"time_zone": "Europe/Berlin", **patch}
    await api.patch(f"/v1/employees/{employee_id}", json=patch, headers=SEEN)
    return {"subject": "Visit", "employee_id": employee_id}


@pytest.mark.servers
async def test_a_double_booking_is_refused_with_the_other_one(api: httpx.AsyncClient) -> None:
    booked = await room(api)
    first = (await api.post("/v1/bookings", json={**booked, "starts_at": at(8), "ends_at": at(9)})).json()
    refused = await api.post("/v1/bookings", json={**booked, "starts_at": at(8.5), "ends_at": at(10)})
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/double-booking"), refused.text
    assert refused.json()["booking_id"] == first["id"]
    next_one = await api.post("/v1/bookings", json={**booked, "starts_at": at(9), "ends_at": at(10)})
    assert next_one.status_code == 201, "the next booking may begin when the one before ends"
    path = f"/v1/bookings/{first['id']}"
    assert (await api.patch(path, json={"ends_at": at(9.5)}, headers=SEEN)).status_code == 409
    assert (await api.patch(path, json={"starts_at": at(8.5)}, headers=SEEN)).status_code == 200
    assert (await api.delete(path, headers=SEEN)).status_code == 200
    again = await api.post("/v1/bookings", json={**booked, "starts_at": at(8), "ends_at": at(9)})
    assert again.status_code == 201, "an archived booking takes no time"
    assert (await api.post(f"{path}/restore")).json()["type"] == "/problems/double-booking"
    other = await room(api)
    assert (await api.post("/v1/bookings", json={**other, "starts_at": at(8), "ends_at": at(9)})).status_code == 201


@pytest.mark.servers
async def test_the_database_itself_refuses_two_that_overlap(committing: Sessions) -> None:
    async with caller(SERVICE, committing, SCOPES) as api:
        booked = await room(api)
        entered = await api.post("/v1/bookings", json={**booked, "starts_at": at(8), "ends_at": at(9)})
    with pytest.raises(IntegrityError, match="ex_bookings_overlap"):
        async with transaction(committing, TENANT) as session:
            other = await session.get_one(Booking, entered.json()["id"])
            values: dict[str, Any] = {"search": "", "notes": "", "resource_id": other.resource_id, "custom": {}}
            session.add(Booking(id=uuid4(), subject="?", starts_at=other.starts_at, ends_at=other.ends_at, **values))


@pytest.mark.servers
async def test_concurrent_bookings_never_overlap(committing: Sessions) -> None:
    chosen = random.Random(42)  # noqa: S311  (times, no secrets)
    times = [(begin, begin + chosen.choice((0.5, 1, 2))) for begin in (chosen.randrange(48) / 2 for _ in range(60))]
    async with caller(SERVICE, committing, SCOPES) as api:
        rooms = [await room(api), await room(api)]
        bodies = [
            {**rooms[number % 2], "starts_at": at(begin), "ends_at": at(end)}
            for number, (begin, end) in enumerate(times)
        ]
        answers = await asyncio.gather(*(api.post("/v1/bookings", json=body) for body in bodies))
    assert {each.status_code for each in answers} == {201, 409}
    ids = {each["resource_id"] for each in rooms}
    async with transaction(committing, TENANT) as session:
        pairs = text("""
            select count(*) from bookings a join bookings b on a.resource_id = b.resource_id and a.id < b.id
            and a.starts_at < b.ends_at and b.starts_at < a.ends_at
        """)
        assert await session.scalar(pairs) == 0
        stored = text("select count(*) from bookings where resource_id = any(:ids)")
        assert await session.scalar(stored, {"ids": list(ids)}) == [each.status_code for each in answers].count(201)
    for body, answer in zip(bodies, answers, strict=True):
        assert answer.status_code == 201 or answer.json()["type"] == "/problems/double-booking", body


@pytest.mark.servers
async def test_an_employee_is_booked_in_his_working_time(api: httpx.AsyncClient) -> None:
    booked = await nancy(api)
    busy = {"subject": "Dentist", "organiser_id": booked["employee_id"], "starts_at": at(8), "ends_at": at(9)}
    await api.post("/v1/calendar-events", json=busy)
    assert (await api.post("/v1/bookings", json={**booked, "starts_at": at(9), "ends_at": at(10)})).status_code == 201
    late = await api.post("/v1/bookings", json={**booked, "starts_at": at(12), "ends_at": at(13)})
    assert (late.status_code, late.json()["type"]) == (409, "/problems/outside-working-time"), late.text
    free_times = [(each["starts_at"], each["ends_at"]) for each in late.json()["free"]]
    assert free_times == [
        ("2026-10-19T10:00:00Z", "2026-10-19T11:00:00Z"),
        ("2026-10-20T07:00:00Z", "2026-10-20T11:00:00Z"),
        ("2026-10-26T08:00:00Z", "2026-10-26T12:00:00Z"),
    ]
    taken = await api.post("/v1/bookings", json={**booked, "starts_at": at(8), "ends_at": at(9)})
    assert taken.json()["type"] == "/problems/employee-busy", taken.text
    assert "Dentist" not in taken.text
    assert (await api.post("/v1/bookings", json={**booked, "starts_at": at(9.5), "ends_at": at(10)})).status_code == 409
    window = {"from": at(0), "to": at(24), "employees": booked["employee_id"]}
    [shown] = (await api.get("/v1/calendar:free-busy", params=window)).json()["employees"]
    assert [each["subject"] for each in shown["busy"]] == ["Dentist", "Visit"]


@pytest.mark.servers
async def test_a_working_day_begins_when_the_employee_says(api: httpx.AsyncClient) -> None:
    booked = await nancy(api, works_from="06:30")
    early = {**booked, "starts_at": at(4.5), "ends_at": at(8.5)}
    assert (await api.post("/v1/bookings", json=early)).status_code == 201
    path = f"/v1/employees/{booked['employee_id']}"
    assert (await api.patch(path, json={"works_from": "24:00"}, headers=SEEN)).status_code == 422


@pytest.mark.servers
@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"resource_id": None}, "resource_id"),
        ({"employee_id": str(uuid4())}, "resource_id"),
        ({"ends_at": at(8)}, "ends_at"),
        ({"ends_at": at(8 + 24 * 31 + 1)}, "ends_at"),
    ],
)
async def test_bookings_of_nothing_or_no_time_are_refused(api: httpx.AsyncClient, values: Any, field: str) -> None:
    body = {**await room(api), "starts_at": at(8), "ends_at": at(9), **values}
    refused = await api.post("/v1/bookings", json=body)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, field), refused.text


@given(st.lists(st.tuples(HOURS, HOURS).map(sorted), max_size=12), st.integers(0, 24))
def test_free_times_are_working_times_without_busy_ones(taken: list[list[int]], hours: int) -> None:
    busy = sorted(Span(MONDAY + timedelta(hours=a), MONDAY + timedelta(hours=b)) for a, b in taken if a < b)
    working = list(Working("UTC", {"monday": hours, "wednesday": "8"}).within(Span(MONDAY, MONDAY + timedelta(6))))
    left = list(free(working, busy))
    assert all(any(w.starts_at <= each.starts_at and each.ends_at <= w.ends_at for w in working) for each in left)
    assert not any(each.overlaps(other) for each in left for other in busy)
    minutes = [MONDAY + timedelta(minutes=30 + 60 * number) for number in range(24 * 7)]
    for moment in minutes:
        works = any(w.starts_at <= moment < w.ends_at for w in working)
        taken_then = any(b.starts_at <= moment < b.ends_at for b in busy)
        assert any(each.starts_at <= moment < each.ends_at for each in left) == (works and not taken_then)
