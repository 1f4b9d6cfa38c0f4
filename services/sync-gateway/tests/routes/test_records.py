"""Golden records and links over HTTP."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx
import pytest
from chassis.testing import OTHER_TENANT
from gateway.kinds import KINDS

from .events import LocalRecord
from .hub import Hub

pytestmark = pytest.mark.servers

ALFREDS = {"name": {"name": "Alfreds Futterkiste", "kind": "company"}, "email": "info@alfreds.example"}
WRONG_TAX_ID = {"title": "The tax id is not valid", "detail": "DE1 is no VAT number.", "status": 409}


async def test_a_record_shows_its_golden_values_links_and_what_each_system_has(
    hub: Hub, client: httpx.AsyncClient
) -> None:
    row = await hub.enter(hub.crm, ALFREDS)
    shown = (await client.get(f"/v1/records/customer/{row.canonical_id}")).json()
    email = shown["groups"]["email"]
    assert (email["value"], email["policy"], email["parked"]) == ("info@alfreds.example", "newest", False)
    assert [(head["origin"], head["actor"]) for head in email["heads"]] == [("crm", "anna")]
    assert [(link["system"], link["tier"]) for link in shown["links"]] == [("crm", "T4"), ("erp", "created")]
    assert [(s["system"], s["state"], s["missing"]) for s in shown["systems"]] == [
        ("crm", "in_step", []),
        ("erp", "in_step", []),
    ]
    assert shown["systems"][1]["acknowledged"]["email"] == email["rev"]


async def test_what_is_on_its_way_names_the_groups_that_are_missing(hub: Hub, client: httpx.AsyncClient) -> None:
    row = await hub.enter(hub.crm, ALFREDS)
    await hub.merge(row.edit({"email": "office@alfreds.example"}))
    shown = (await client.get(f"/v1/records/customer/{row.canonical_id}")).json()
    erp = next(system for system in shown["systems"] if system["system"] == "erp")
    assert (erp["state"], erp["reason"]) == ("on_its_way", None)
    assert set(erp["missing"]) == {"email", "life"}


async def test_a_paused_system_says_why_nothing_arrives(hub: Hub, client: httpx.AsyncClient) -> None:
    row = await hub.enter(hub.crm, ALFREDS)
    await client.post("/v1/systems/erp/pause")
    await hub.merge(row.edit({"email": "office@alfreds.example"}))
    shown = (await client.get(f"/v1/records/customer/{row.canonical_id}")).json()
    erp = next(system for system in shown["systems"] if system["system"] == "erp")
    assert erp["reason"].startswith("erp is paused by stella since ")


async def test_a_refused_value_is_shown_with_the_systems_answer_in_full(hub: Hub, client: httpx.AsyncClient) -> None:
    hub.erp.refuses["email"] = WRONG_TAX_ID
    row = await hub.enter(hub.crm, ALFREDS)
    shown = (await client.get(f"/v1/records/customer/{row.canonical_id}")).json()
    erp = next(system for system in shown["systems"] if system["system"] == "erp")
    assert (erp["state"], erp["reason"]) == ("rejected", "The tax id is not valid DE1 is no VAT number.")
    assert [(refusal["group"], refusal["problem"]) for refusal in erp["refused"]] == [("email", WRONG_TAX_ID)]


async def test_records_are_found_by_words_of_name_email_and_phone(hub: Hub, client: httpx.AsyncClient) -> None:
    alfreds = await hub.enter(hub.crm, {**ALFREDS, "phone": "030-0074321"})
    await hub.enter(hub.crm, {"name": {"name": "Bon app'", "kind": "company"}})
    for words in ("futterkiste alfreds", "INFO@alfreds", "0074321"):
        found = (await client.get("/v1/records/customer", params={"q": words})).json()["items"]
        assert [item["canonical_id"] for item in found] == [alfreds.canonical_id], words
    assert (await client.get("/v1/records/customer", params={"q": "company"})).json()["items"] == []
    assert (await client.get("/v1/records/customer", params={"q": "100%"})).json()["items"] == []


async def test_contacts_are_found_by_name_too(hub: Hub, client: httpx.AsyncClient) -> None:
    row = await hub.enter(hub.crm, {"name": "Maria Anders"}, kind="contact")
    found = (await client.get("/v1/records/contact", params={"q": "maria"})).json()["items"]
    assert [item["canonical_id"] for item in found] == [row.canonical_id]
    assert found[0]["local_ids"]["crm"] == row.local_id


async def test_records_are_filtered_by_how_far_the_systems_are(hub: Hub, client: httpx.AsyncClient) -> None:
    in_step = await hub.enter(hub.crm, ALFREDS)
    moved = await hub.enter(hub.crm, {"name": {"name": "Bon app'", "kind": "company"}})
    hub.erp.refuses["email"] = WRONG_TAX_ID
    refused = await hub.enter(hub.crm, {"name": {"name": "Chop-suey", "kind": "company"}, "email": "chop@suey.example"})
    orphan = await hub.enter(hub.crm, {"name": "Maria", "customer": "unknown"}, kind="contact")
    await hub.merge(moved.edit({"website": "https://bon.example"}))
    for kind, state, row in (
        ("customer", "in_step", in_step),
        ("customer", "on_its_way", moved),
        ("customer", "rejected", refused),
        ("contact", "waiting", orphan),
    ):
        page = (await client.get(f"/v1/records/{kind}", params={"state": state})).json()
        links = (await client.get("/v1/links", params={"local_id": row.local_id})).json()["items"]
        assert [item["canonical_id"] for item in page["items"]] == [links[0]["canonical_id"]], state
        assert state in {standing["state"] for standing in page["items"][0]["systems"].values()}


async def test_records_are_filtered_by_parked_and_by_time(hub: Hub, client: httpx.AsyncClient) -> None:
    crm = await hub.enter(hub.crm, {**ALFREDS, "notes": "first"})
    erp = hub.erp.copy_of(str(crm.canonical_id))
    await hub.enter(hub.crm, {"name": {"name": "Bon app'", "kind": "company"}})
    await hub.merge(crm.edit({"notes": "by phone"}), erp.edit({"notes": "by mail"}))
    parked = (await client.get("/v1/records/customer", params={"parked": "true"})).json()["items"]
    assert [(item["canonical_id"], item["parked"]) for item in parked] == [(crm.canonical_id, ["notes"])]
    assert len((await client.get("/v1/records/customer", params={"parked": "false"})).json()["items"]) == 1
    in_conflict = (await client.get("/v1/records/customer", params={"state": "conflict"})).json()["items"]
    assert [item["systems"]["erp"]["state"] for item in in_conflict] == ["conflict"]
    in_step = (await client.get("/v1/records/customer", params={"state": "in_step"})).json()["items"]
    assert crm.canonical_id not in [item["canonical_id"] for item in in_step]
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    assert (await client.get("/v1/records/customer", params={"updated_since": later})).json()["items"] == []


async def test_pages_follow_each_other_without_a_gap(hub: Hub, client: httpx.AsyncClient) -> None:
    await hub.merge(
        *(LocalRecord("crm").edit({"name": {"name": f"Customer {n}", "kind": "company"}}) for n in range(5))
    )
    for address in ("/v1/records/customer?limit=2", "/v1/links?limit=2", "/v1/deliveries?limit=2"):
        seen, following = [], address
        while following:
            response = await client.get(following)
            page = response.json()
            seen += [(item["canonical_id"], item.get("system")) for item in page["items"]]
            assert ('rel="next"' in response.headers.get("Link", "")) == bool(page["next"])
            following = page["next"]
        assert len(seen) == len(set(seen)) == (10 if "deliveries" in address else 5)


async def test_an_unknown_kind_is_not_found_and_the_answer_names_the_kinds(client: httpx.AsyncClient) -> None:
    for address in ("/v1/records/costumer", f"/v1/records/costumer/{uuid4()}"):
        response = await client.get(address)
        assert response.status_code == 404
        assert response.json()["detail"] == f"It keeps: {', '.join(KINDS)}."


async def test_wrong_input_is_refused_with_the_field(hub: Hub, client: httpx.AsyncClient) -> None:
    row = await hub.enter(hub.crm, ALFREDS)
    for address, status in (
        ("/v1/records/customer/no-uuid", 422),
        (f"/v1/records/customer/{uuid4()}", 404),
        (f"/v1/records/contact/{row.canonical_id}", 404),
        ("/v1/records/customer?state=gone", 422),
        ("/v1/records/customer?colour=red", 422),
        ("/v1/records/customer?updated_since=2026-01-01T00:00:00", 422),
        ("/v1/records/customer?sort=name", 422),
        ("/v1/records/customer?cursor=abc", 422),
        ("/v1/records/customer?q=%00", 422),
        ("/v1/links?kind=costumer", 422),
        ("/v1/links?canonical_id=1", 422),
        ("/v1/links?limit=201", 422),
    ):
        response = await client.get(address)
        assert response.status_code == status, address
        assert response.headers["content-type"] == "application/problem+json"
        assert response.json()["hint"]


async def test_links_are_filtered(hub: Hub, client: httpx.AsyncClient) -> None:
    row = await hub.enter(hub.crm, ALFREDS)
    for params in ({"system": "crm"}, {"local_id": row.local_id}, {"kind": "customer", "system": "crm"}):
        found = (await client.get("/v1/links", params=params)).json()["items"]
        assert [link["local_id"] for link in found] == [row.local_id]
    both = (await client.get("/v1/links", params={"canonical_id": str(row.canonical_id)})).json()["items"]
    assert {link["system"] for link in both} == {"crm", "erp"}
    assert (await client.get("/v1/links", params={"kind": "contact"})).json()["items"] == []


async def test_another_tenant_sees_nothing(hub: Hub, client: httpx.AsyncClient) -> None:
    crm = await hub.enter(hub.crm, {**ALFREDS, "notes": "first"})
    erp = hub.erp.copy_of(str(crm.canonical_id))
    await hub.merge(crm.edit({"notes": "a"}), erp.edit({"notes": "b"}))
    conflict = (await client.get("/v1/conflicts")).json()["items"][0]["id"]
    async with hub.client(OTHER_TENANT) as other:
        for address in ("records/customer", "links", "decisions", "conflicts", "deliveries", "quarantine"):
            assert (await other.get(f"/v1/{address}")).json()["items"] == [], address
        assert (await other.get(f"/v1/records/customer/{crm.canonical_id}")).status_code == 404
        assert (await other.get(f"/v1/decisions/{conflict}")).status_code == 404
        choice = {"value": "mine now"}
        assert (await other.post(f"/v1/conflicts/{conflict}/resolve", json=choice)).status_code == 404
        assert (await other.post("/v1/deliveries:retry", json={})).json() == {"retried": 0, "remaining": 0}
        assert (await other.get("/v1/status")).json()["records"] == dict.fromkeys(KINDS, 0)
