"""Leads over HTTP."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from ..people.factories import employee

pytestmark = pytest.mark.servers
SEEN = {"If-Match": "*"}
ANA = {
    "name": "Ana Trujillo",
    "company": "Ana Trujillo Emparedados",
    "email": "ana@trujillo.example",
    "country": "MX",
    "interest": "Tea for three shops",
}


async def entered(api: httpx.AsyncClient, **more: Any) -> str:
    answer = await api.post("/v1/leads", json={**ANA, **more})
    assert answer.status_code == 201, answer.text
    return str(answer.headers["Location"])


async def test_the_score_of_a_lead_is_explained_by_its_rules(api: httpx.AsyncClient) -> None:
    path = await entered(api)
    rule = {"field": "country", "values": ["mx", "DE"], "points": 40}
    declared = await api.put("/v1/lead-rules", json={"scoring": [rule, {"field": "phone", "points": 9}]}, headers=SEEN)
    assert declared.status_code == 200, declared.text
    explained = (await api.get(f"{path}/score")).json()
    assert (explained["score"], [each["field"] for each in explained["rules"]]) == (40, ["country"])
    changed = await api.patch(path, json={"phone": "+52 5 555 4729"}, headers=SEEN)
    assert changed.json()["score"] == 49


async def test_leads_go_to_the_employees_of_the_first_matching_rule_in_turn(api: httpx.AsyncClient) -> None:
    nancy, laura, anne = [await employee(api, name) for name in ("Nancy", "Laura", "Anne")]
    rules = [{"countries": ["MX"], "employee_ids": [nancy, laura]}, {"employee_ids": [anne], "by": "load"}]
    await api.put("/v1/lead-rules", json={"assignment": rules}, headers=SEEN)
    owners = [(await api.get(await entered(api))).json()["owner_id"] for _ in range(4)]
    assert owners == [nancy, laura, nancy, laura]
    assert (await api.get(await entered(api, country="DE"))).json()["owner_id"] == anne


async def test_a_lead_becomes_a_customer_a_contact_and_a_deal(api: httpx.AsyncClient) -> None:
    path = await entered(api)
    done = await api.post(f"{path}/convert", json={"deal": {"amount": "1200.00", "currency": "EUR"}})
    assert (done.status_code, done.json()["state"], done.json()["allowed"]) == (200, "converted", ["archive"])
    lead = done.json()
    customer = (await api.get(f"/v1/customers/{lead['customer_id']}")).json()
    assert (customer["name"], customer["email"]) == (ANA["company"], ANA["email"])
    contact = (await api.get(f"/v1/contacts/{lead['contact_id']}")).json()
    assert (contact["name"], contact["customer_id"]) == (ANA["name"], customer["id"])
    deal = (await api.get(f"/v1/deals/{lead['deal_id']}")).json()
    assert (deal["customer_id"], deal["amount"], deal["notes"]) == (customer["id"], "1200.00", ANA["interest"])
    again = await api.post(f"{path}/convert", json={})
    assert (again.status_code, again.json()["type"], again.json()["allowed"]) == (
        409,
        "/problems/lead-closed",
        ["archive"],
    )


async def test_a_conversion_links_the_customer_that_is_named(api: httpx.AsyncClient) -> None:
    customer = (await api.post("/v1/customers", json={"name": "Known"})).json()
    body = {"customer_id": customer["id"], "deal": None}
    converted = await api.post(f"{await entered(api)}/convert", json=body)
    assert (converted.status_code, converted.json()["customer_id"]) == (200, customer["id"])
    assert len((await api.get("/v1/customers")).json()["items"]) == 1
    assert (await api.get("/v1/deals")).json()["items"] == []


async def test_nothing_is_made_when_a_part_of_the_conversion_is_refused(api: httpx.AsyncClient) -> None:
    path = await entered(api)
    unknown = {"contact_id": "01900000-0000-7000-8000-000000000001"}
    refused = await api.post(f"{path}/convert", json=unknown)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (409, "contact_id"), refused.text
    assert (await api.get("/v1/customers")).json()["items"] == []
    assert (await api.get(path)).json()["state"] == "new"


async def test_a_disqualified_lead_needs_a_declared_reason_and_is_reopened(api: httpx.AsyncClient) -> None:
    path = await entered(api)
    refused = await api.post(f"{path}/disqualify", json={"reason": "Bad mood"})
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/unknown-disqualification")
    closed = await api.post(f"{path}/disqualify", json={"reason": "No budget"})
    assert (closed.json()["state"], closed.json()["reason"]) == ("disqualified", "No budget")
    assert (await api.patch(path, json={"source": "Fair"}, headers=SEEN)).status_code == 409
    assert (await api.post(f"{path}/reopen")).json()["state"] == "new"


async def test_duplicates_of_a_lead_are_found_among_leads_contacts_and_customers_with_their_points(
    api: httpx.AsyncClient, with_scopes: Callable[[str], httpx.AsyncClient]
) -> None:
    path = await entered(api, phone="+49 30 1234567")
    twin = (await api.get(await entered(api, email="other@trujillo.example"))).json()
    customer = (await api.post("/v1/customers", json={"name": ANA["company"], "phone": "+49 (30) 123 45 67"})).json()
    contact = (await api.post("/v1/contacts", json={"name": "A. T.", "email": ANA["email"].upper()})).json()
    await api.post("/v1/customers", json={"name": "Blauer See", "email": "info@blau.example"})
    found = (await api.get(f"{path}/duplicates")).json()["items"]
    told = {each["id"]: (each["kind"], each["score"], [m["field"] for m in each["matches"]]) for each in found}
    assert told == {
        customer["id"]: ("customer", 70, ["phone", "company"]),
        twin["id"]: ("lead", 60, ["name", "company"]),
        contact["id"]: ("contact", 60, ["email"]),
    }
    assert found[0]["href"] == f"/v1/customers/{customer['id']}"
    async with with_scopes("leads:read") as poor:
        assert [each["kind"] for each in (await poor.get(f"{path}/duplicates")).json()["items"]] == ["lead"]


async def test_a_conversion_offers_the_customer_that_has_the_same_email(api: httpx.AsyncClient) -> None:
    customer = (await api.post("/v1/customers", json={"name": "Trujillo", "email": ANA["email"]})).json()
    path = await entered(api)
    refused = await api.post(f"{path}/convert", json={})
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/lead-known"), refused.text
    assert [each["id"] for each in refused.json()["candidates"]] == [customer["id"]]
    linked = await api.post(f"{path}/convert", json={"customer_id": customer["id"]})
    assert linked.json()["customer_id"] == customer["id"]
    made = await api.post(f"{await entered(api)}/convert", json={"allow_duplicate": True})
    assert made.json()["customer_id"] not in (None, customer["id"])
