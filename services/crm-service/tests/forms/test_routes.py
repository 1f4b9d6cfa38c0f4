"""Forms over HTTP, as visitors send them and as sales sees them."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from chassis.db import Sessions
from chassis.testing import TENANT, application, caller
from crm.wiring import SERVICE

from ..people.factories import employee

pytestmark = pytest.mark.servers
SEEN = {"If-Match": "*"}
FIELDS = [
    {"name": "name", "label": "Your name", "required": True, "into": "name"},
    {"name": "email", "label": "E-mail", "type": "email", "required": True, "into": "email"},
    {"name": "shops", "label": "Shops", "type": "number"},
    {"name": "tea", "label": "Tea", "type": "choice", "choices": ["Green", "Black"]},
    {"name": "wish", "label": "Wish", "type": "lines"},
    {"name": "news", "label": "Send me news", "type": "boolean", "into": "consent_email"},
]
ANA = {
    "name": "Ana Trujillo",
    "email": "ana@trujillo.example",
    "tea": "Green",
    "shops": "3",
    "wish": "Two\nlines",
    "news": "on",
}


@pytest.fixture
async def form(api: httpx.AsyncClient) -> dict[str, Any]:
    return await declared(api)


@pytest.fixture
async def visitor(sessions: Sessions) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody without any right."""
    async with caller(SERVICE, sessions, "", TENANT, "nobody") as client:
        application(SERVICE).state.rates._counts.storage.reset()
        yield client


async def declared(api: httpx.AsyncClient, **more: Any) -> dict[str, Any]:
    body = {"name": "Samples", "fields": FIELDS, "source": "Website", "campaign": "Spring", **more}
    answer = await api.post("/v1/forms", json=body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def address(form: dict[str, Any]) -> str:
    return f"/v1/forms/{form['key']}/submissions"


async def submissions(api: httpx.AsyncClient, **filters: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await api.get("/v1/form-submissions", params=filters)).json()["items"]
    return found


async def test_a_visitor_makes_a_lead_with_owner_score_and_consent(
    api: httpx.AsyncClient, visitor: httpx.AsyncClient, form: dict[str, Any]
) -> None:
    nancy = await employee(api, "Nancy")
    await api.put(
        "/v1/lead-rules",
        json={"assignment": [{"employee_ids": [nancy]}], "scoring": [{"field": "email", "points": 7}]},
        headers=SEEN,
    )
    sent = await visitor.post(address(form), data=ANA)
    assert sent.status_code == 202, sent.text
    (row,) = await submissions(api)
    assert (row["id"], row["state"], row["allowed"]) == (sent.json()["id"], "accepted", [])
    assert row["consents"] == {"consent_email": "Send me news"}
    lead = (await api.get(f"/v1/leads/{row['lead_id']}")).json()
    assert (lead["name"], lead["source"], lead["campaign"]) == ("Ana Trujillo", "Website", "Spring")
    assert (lead["owner_id"], lead["score"], lead["consent"]) == (nancy, 7, {"email": True, "sms": False})
    assert lead["interest"] == "Shops: 3\nTea: Green\nWish: Two\nlines"
    converted = (await api.post(f"/v1/leads/{lead['id']}/convert", json={"deal": None})).json()
    assert converted["state"] == "converted"


async def test_what_is_wrong_is_told_by_field_and_not_stored(
    api: httpx.AsyncClient, visitor: httpx.AsyncClient, form: dict[str, Any]
) -> None:
    refused = await visitor.post(address(form), json={"email": "no", "tea": "Coffee", "x": "y"})
    assert refused.status_code == 422
    assert sorted(each["field"] for each in refused.json()["errors"]) == ["email", "name", "tea", "x"]
    assert await submissions(api) == []
    for body, kind, status in (
        (b"{", "application/json", 422),
        (b"a", "text/plain", 415),
        (b"[]", "application/json", 422),
    ):
        answer = await visitor.post(address(form), content=body, headers={"Content-Type": kind})
        assert answer.status_code == status, answer.text
    large = await visitor.post(address(form), json={**ANA, "name": "a" * 70_000})
    assert large.status_code == 413


async def test_a_filled_honeypot_is_answered_alike_and_makes_no_lead_until_it_is_run(
    api: httpx.AsyncClient, visitor: httpx.AsyncClient, form: dict[str, Any]
) -> None:
    trapped = await visitor.post(address(form), json={**ANA, "website": "https://spam.example"})
    assert (trapped.status_code, set(trapped.json())) == (202, {"id", "received"})
    (row,) = await submissions(api, state="unwanted")
    assert (row["lead_id"], (await api.get("/v1/leads")).json()["items"]) == (None, [])
    run = await api.post(f"/v1/form-submissions/{row['id']}/run")
    assert (run.json()["state"], run.json()["lead_id"] is None) == ("accepted", False)
    again = await api.post(f"/v1/form-submissions/{row['id']}/run")
    assert (again.status_code, again.json()["type"]) == (409, "/problems/submission-accepted")


async def test_a_submission_whose_lead_is_refused_stays_with_the_reason_and_is_run_again(
    api: httpx.AsyncClient, visitor: httpx.AsyncClient
) -> None:
    size = {"name": "size", "label": "Size", "into": "custom"}
    form = await declared(api, fields=[*FIELDS, size])
    assert (await visitor.post(address(form), json={**ANA, "size": "L"})).status_code == 202
    (row,) = await submissions(api, state="failed")
    assert "size" in row["reason"]
    assert (await api.get("/v1/leads")).json()["items"] == []
    await api.put("/v1/custom-fields/size", params={"record": "lead"}, json={"label": "Size", "type": "text"})
    run = (await api.post(f"/v1/form-submissions/{row['id']}/run")).json()
    assert (run["state"], run["reason"]) == ("accepted", None)
    assert (await api.get(f"/v1/leads/{run['lead_id']}")).json()["custom"] == {"size": "L"}


async def test_a_submission_that_is_sent_twice_with_one_key_makes_one_lead(
    api: httpx.AsyncClient, visitor: httpx.AsyncClient, form: dict[str, Any]
) -> None:
    answers = [await visitor.post(address(form), json=ANA, headers={"Idempotency-Key": "one"}) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert len((await api.get("/v1/leads")).json()["items"]) == 1


async def test_only_the_websites_of_the_form_may_send_it(api: httpx.AsyncClient, visitor: httpx.AsyncClient) -> None:
    form = await declared(api, origins=["https://www.tea.example"])
    ours, theirs = {"Origin": "https://www.tea.example"}, {"Origin": "https://evil.example"}
    sent = await visitor.post(address(form), data=ANA, headers=ours)
    assert (sent.status_code, sent.headers["Access-Control-Allow-Origin"]) == (202, ours["Origin"])
    wrong = await visitor.post(address(form), data={"name": ""}, headers=ours)
    assert (wrong.status_code, wrong.headers["Access-Control-Allow-Origin"]) == (422, ours["Origin"])
    refused = await visitor.post(address(form), data=ANA, headers=theirs)
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/form-origin-refused")


async def test_too_many_from_one_address_are_refused_with_the_time_to_wait(
    visitor: httpx.AsyncClient, form: dict[str, Any]
) -> None:
    answers = [await visitor.post(address(form), json={}) for _ in range(21)]
    assert [each.status_code for each in answers] == [422] * 20 + [429]
    assert int(answers[-1].headers["Retry-After"]) > 0


async def test_a_form_that_is_off_archived_or_unknown_takes_nothing(
    api: httpx.AsyncClient, visitor: httpx.AsyncClient, form: dict[str, Any]
) -> None:
    await api.patch(f"/v1/forms/{form['id']}", json={"enabled": False}, headers=SEEN)
    keys = [form["key"], form["key"][:-1] + ("A" if form["key"][-1] != "A" else "E"), "A" * 38]
    for key in keys:
        answer = await visitor.post(f"/v1/forms/{key}/submissions", json=ANA)
        assert (answer.status_code, answer.json()["type"]) == (404, "/problems/form-unknown")


async def test_a_form_must_name_its_leads_and_have_each_field_once(api: httpx.AsyncClient) -> None:
    text = {"name": "wish", "label": "Wish"}
    for fields in (
        [text],
        [*FIELDS, FIELDS[0]],
        [*FIELDS, {**text, "into": "name"}],
        [*FIELDS, {**text, "type": "choice"}],
    ):
        refused = await api.post("/v1/forms", json={"name": "Bad", "fields": fields})
        assert refused.status_code == 422, refused.text
    hidden = await api.post("/v1/forms", json={"name": "Bad", "fields": FIELDS, "honeypot": "name"})
    assert [each["field"] for each in hidden.json()["errors"]] == ["honeypot"]
