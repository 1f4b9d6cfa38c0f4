"""Calendar events and free/busy."""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import httpx
import pytest
from chassis.db import Sessions
from chassis.testing import brought, caller, item
from crm.wiring import SERVICE

pytestmark = pytest.mark.servers
SEEN = {"If-Match": "*"}
SCOPES = "activities:read activities:write employees:read"
TASTING = {
    "subject": "Tasting",
    "starts_at": "2026-10-19T08:00:00Z",
    "ends_at": "2026-10-19T09:00:00Z",
    "time_zone": "Europe/Berlin",
}
WINDOW = {"from": "2026-10-19T00:00:00Z", "to": "2026-11-19T00:00:00Z"}


async def employee(api: httpx.AsyncClient, name: str) -> str:
    return await brought(api, "employee", item(uuid4(), name=name, subject=name.lower()))


async def entered(api: httpx.AsyncClient, **values: Any) -> dict[str, Any]:
    answer = await api.post("/v1/calendar-events", json={**TASTING, **values})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def busy(api: httpx.AsyncClient, employee_id: str, **window: str) -> list[dict[str, Any]]:
    answer = await api.get("/v1/calendar:free-busy", params={"employees": employee_id, **WINDOW, **window})
    assert answer.status_code == 200, answer.text
    [found] = answer.json()["employees"]
    times: list[dict[str, Any]] = found["busy"]
    return times


async def test_recurring_events_keep_their_local_time_in_the_busy_times(api: httpx.AsyncClient) -> None:
    nancy = await employee(api, "Nancy")
    event = await entered(
        api, organiser_id=nancy, recurrence="FREQ=WEEKLY;COUNT=5", excluded_on=["2026-11-02", "2026-11-02"]
    )
    assert (event["until_at"], event["excluded_on"]) == ("2026-11-16T10:00:00Z", ["2026-11-02"])
    begins = ["2026-10-19T08:00:00Z", "2026-10-26T09:00:00Z", "2026-11-09T09:00:00Z", "2026-11-16T09:00:00Z"]
    times = await busy(api, nancy)
    assert [each["starts_at"] for each in times] == begins
    assert {(each["subject"], each["calendar_event_id"]) for each in times} == {("Tasting", event["id"])}
    assert await busy(api, nancy, **{"from": "2026-10-19T09:00:00Z", "to": "2026-10-26T09:00:00Z"}) == []


async def test_whole_days_are_those_of_the_time_zone(api: httpx.AsyncClient) -> None:
    nancy = await employee(api, "Nancy")
    days = {"starts_at": None, "ends_at": None, "starts_on": "2026-10-24", "ends_on": "2026-10-25"}
    event = await entered(api, organiser_id=nancy, **days, recurrence="FREQ=WEEKLY;INTERVAL=2;COUNT=2")
    assert (event["begins_at"], event["finishes_at"]) == ("2026-10-23T22:00:00Z", "2026-10-25T23:00:00Z")
    spans = [(each["starts_at"], each["ends_at"]) for each in await busy(api, nancy)]
    assert spans[1] == ("2026-11-06T23:00:00Z", "2026-11-08T23:00:00Z")


async def test_the_answer_of_an_attendee_decides_whether_he_is_busy(api: httpx.AsyncClient, sessions: Sessions) -> None:
    nancy, andrew = await employee(api, "Nancy"), await employee(api, "Andrew")
    event = await entered(api, organiser_id=nancy, attendees=[{"employee_id": andrew}])
    assert [each["state"] for each in await busy(api, andrew)] == ["tentative"]
    path = f"/v1/calendar-events/{event['id']}"
    async with caller(SERVICE, sessions, SCOPES, subject="andrew") as his:
        for answer, states in (("accepted", ["confirmed"]), ("declined", [])):
            replied = await his.post(f"{path}/answer", json={"answer": answer})
            assert replied.json()["attendees"][0]["answer"] == answer, replied.text
            assert [each["state"] for each in await busy(api, andrew)] == states
        refused = await his.post(f"{path}/answer", json={"answer": "accepted", "employee_id": nancy})
        assert (refused.status_code, refused.json()["type"]) == (403, "/problems/not-invited")
    assert len(await busy(api, nancy)) == 1
    await api.patch(path, json={"state": "cancelled"}, headers=SEEN)
    assert await busy(api, nancy) == []


async def test_a_private_event_shows_its_time_only(api: httpx.AsyncClient, sessions: Sessions) -> None:
    nancy, andrew = await employee(api, "Nancy"), await employee(api, "Andrew")
    customer = (await api.post("/v1/customers", json={"name": "Praxis"})).json()["id"]
    event = await entered(
        api, subject="Dentist", location="Main street", text="Root", private=True, organiser_id=nancy,
        customer_id=customer, attendees=[{"employee_id": andrew}],
    )  # fmt: skip
    path = f"/v1/calendar-events/{event['id']}"
    async with (
        caller(SERVICE, sessions, SCOPES, subject="janet") as janet,
        caller(SERVICE, sessions, SCOPES, subject="andrew") as his,
    ):
        await employee(api, "Janet")
        answers = [
            await janet.get(path),
            await janet.get("/v1/calendar-events"),
            await janet.get("/v1/calendar-events:export"),
            await janet.get("/v1/calendar:free-busy", params={"employees": nancy, **WINDOW}),
            await janet.get("/v1/search", params={"q": "dentist"}),
            await janet.patch(path, json={"location": "?"}, headers={"If-Match": '"9"'}),
            await janet.patch(path, json={"private": False}, headers=SEEN),
            await janet.delete(path, headers=SEEN),
            await janet.post(f"{path}/answer", json={"answer": "declined", "employee_id": andrew}),
        ]
        assert not [answer.text for answer in answers if "Dentist" in answer.text or "Main street" in answer.text]
        assert [each.status_code for each in answers] == [200] * 5 + [403] * 4
        assert (answers[0].json()["hidden"], answers[0].json()["begins_at"]) == (True, event["begins_at"])
        batch = {"items": [{"id": event["id"], "version": 1, "body": {"private": False}}]}
        [refused] = (await janet.post("/v1/calendar-events:batch", json=batch)).json()["items"]
        assert refused["outcome"] == "refused", refused
        found = await janet.get("/v1/calendar-events", params={"customer_id": customer})
        assert found.json()["items"] == [], "nobody finds out by filters what it is about"
        [hidden] = await busy(janet, nancy)
        assert (hidden["subject"], hidden["calendar_event_id"]) == (None, None)
        assert (await his.get(path)).json()["subject"] == "Dentist"
        assert (await busy(his, nancy))[0]["subject"] == "Dentist"


async def test_the_day_of_an_employee_has_the_appointments(api: httpx.AsyncClient, sessions: Sessions) -> None:
    nancy, andrew = await employee(api, "Nancy"), await employee(api, "Andrew")
    await entered(api, organiser_id=nancy, recurrence="FREQ=DAILY", private=True)
    await entered(api, organiser_id=andrew, attendees=[{"employee_id": nancy, "answer": "declined"}])
    day = {"employee_id": nancy, "day": "2026-10-20"}
    [hidden] = (await api.get("/v1/tasks:my-day", params=day)).json()["appointments"]
    assert (hidden["starts_at"], hidden["subject"]) == ("2026-10-20T08:00:00Z", None)
    async with caller(SERVICE, sessions, SCOPES, subject="nancy") as her:
        [own] = (await her.get("/v1/tasks:my-day", params={"day": "2026-10-20"})).json()["appointments"]
        assert own["subject"] == "Tasting"


async def test_events_stand_in_the_timelines_of_what_they_are_about(api: httpx.AsyncClient) -> None:
    customer = (await api.post("/v1/customers", json={"name": "Canteen"})).json()["id"]
    deal = (await api.post("/v1/deals", json={"name": "Tea", "customer_id": customer})).json()["id"]
    about = {"customer_id": customer, "deal_id": deal}
    event = await entered(api, **about)
    await entered(api, **about, private=True)
    for path in (f"/v1/customers/{customer}", f"/v1/deals/{deal}"):
        answer = await api.get(f"{path}/timeline", params={"type": "calendar_event"})
        [entry] = answer.json()["items"]
        shown = (entry["record_id"], entry["at"], entry["title"], entry["state"])
        assert shown == (event["id"], TASTING["starts_at"], "Tasting", "confirmed")


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"ends_at": None}, "starts_at"),
        ({"starts_on": "2026-10-19", "ends_on": "2026-10-19"}, "starts_at"),
        ({"ends_at": "2026-10-19T07:59:59Z"}, "ends_at"),
        ({"ends_at": "2027-10-21T07:59:59Z"}, "ends_at"),
        ({"recurrence": "FREQ=SECONDLY"}, "recurrence"),
        ({"time_zone": "Mars"}, "time_zone"),
        ({"attendees": [{}]}, "attendees[0]"),
        ({"attendees": [{"email": "a@b.example"}, {"email": "a@b.example"}]}, "attendees"),
    ],
)
async def test_events_that_cannot_take_place_are_refused(
    api: httpx.AsyncClient, values: Mapping[str, Any], field: str
) -> None:
    refused = await api.post("/v1/calendar-events", json={**TASTING, **values})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, field), refused.text


@pytest.mark.parametrize(
    ("window", "status"),
    [
        ({"to": "2026-12-20T00:00:01Z"}, 422),
        ({"to": "2026-10-19T00:00:00Z"}, 422),
        ({"from": "2026-10-19T00:00:00"}, 422),
        ({"employees": "0190b6a0-0000-7000-8000-00000000dead"}, 409),
    ],
)
async def test_free_busy_is_bounded(api: httpx.AsyncClient, window: Mapping[str, str], status: int) -> None:
    nancy = await employee(api, "Nancy")
    answer = await api.get("/v1/calendar:free-busy", params={"employees": nancy, **WINDOW, **window})
    assert answer.status_code == status, answer.text
