"""The warning about customers and contacts that exist already."""

from typing import Any

import httpx
import pytest
from chassis.db import Sessions
from sqlalchemy import event

pytestmark = pytest.mark.servers
FIRM: dict[str, Any] = {
    "name": "Teehaus",
    "email": "Office@Teehaus.example",
    "phone": "030 901820",
    "billing_address": {"lines": ["Hafenstr. 1"], "postal_code": "28195", "city": "Bremen", "country": "DE"},
    "legal_entities": [{"legal_name": "Teehaus GmbH", "country": "DE", "tax_id": "DE136695976"}],
}


async def entered(api: httpx.AsyncClient, body: dict[str, Any], path: str = "/v1/customers") -> dict[str, Any]:
    answer = await api.post(path, json=body)
    assert answer.status_code == 201, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"email": "office@teehaus.example"}, "email"),
        ({"phone": "+49 30 901820"}, "phone"),
        ({"legal_entities": [{"legal_name": "Tee", "country": "DE", "tax_id": "DE 136 695 976"}]}, "tax_id"),
    ],
)
async def test_a_customer_with_the_same_value_is_shown_instead_of_entered_twice(
    api: httpx.AsyncClient, body: dict[str, Any], field: str
) -> None:
    first = await entered(api, FIRM)
    refused = await api.post("/v1/customers", json={"name": "Tee & Haus", **body})
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/possible-duplicate")
    shown = {"id": first["id"], "name": "Teehaus", "fields": [field], "href": f"/v1/customers/{first['id']}"}
    assert refused.json()["candidates"] == [shown]
    assert len((await api.get("/v1/customers")).json()["items"]) == 1


async def test_a_caller_who_allows_it_enters_the_customer_all_the_same(api: httpx.AsyncClient) -> None:
    await entered(api, FIRM)
    answer = await api.post("/v1/customers", params={"allow_duplicate": "true"}, json=FIRM)
    assert answer.status_code == 201


async def test_an_archived_customer_is_no_candidate(api: httpx.AsyncClient) -> None:
    first = await entered(api, FIRM)
    await api.delete(f"/v1/customers/{first['id']}", headers={"If-Match": "*"})
    await entered(api, FIRM)


async def test_a_change_is_not_compared(api: httpx.AsyncClient) -> None:
    await entered(api, FIRM)
    other = await entered(api, {"name": "Other"})
    changed = await api.patch(f"/v1/customers/{other['id']}", json={"email": FIRM["email"]}, headers={"If-Match": "*"})
    assert changed.status_code == 200


async def test_each_item_of_a_batch_is_compared_with_records_and_with_earlier_items(api: httpx.AsyncClient) -> None:
    await entered(api, FIRM)
    items = [{"body": {"name": "A", "email": FIRM["email"]}}, {"body": {"name": "B"}}]
    items += [{"body": {"name": each, "email": "c@d.example"}} for each in ("C", "D")]
    answer = await api.post("/v1/customers:batch", json={"items": items})
    outcomes = [each["outcome"] for each in answer.json()["items"]]
    assert outcomes == ["refused", "created", "created", "refused"]
    assert answer.json()["items"][3]["problem"]["candidates"][0]["name"] == "C"
    allowed = await api.post("/v1/customers:batch", params={"allow_duplicate": "true"}, json={"items": items})
    assert {each["outcome"] for each in allowed.json()["items"]} == {"created"}


async def test_a_contact_is_compared_with_contacts(api: httpx.AsyncClient) -> None:
    await entered(api, FIRM)
    contact = {"name": "Maria Anders", "email": FIRM["email"], "phone": "+49 30 1234567"}
    await entered(api, contact, "/v1/contacts")
    refused = await api.post("/v1/contacts", json={"name": "M. Anders", "phone": "+49 (30) 1234567"})
    assert refused.json()["candidates"][0]["fields"] == ["phone"]
    assert refused.json()["detail"] == "Maria Anders has the same value: Phone."


async def test_one_statement_finds_the_candidates_of_a_whole_batch(api: httpx.AsyncClient, sessions: Sessions) -> None:
    said: list[str] = []
    event.listen(sessions.kw["bind"].sync_connection, "before_cursor_execute", lambda *call: said.append(call[2]))
    items = [{"body": {"name": f"Firm {each}", "email": f"{each}@firm.example"}} for each in range(20)]
    answer = await api.post("/v1/customers:batch", json={"items": items})
    assert {each["outcome"] for each in answer.json()["items"]} == {"created"}
    assert len([each for each in said if "email_key IN" in each]) == 1
