"""Policies over HTTP: what is in force, and what another one would have done."""

from typing import Any

import httpx
import pytest

from .events import LocalRecord
from .hub import Hub
from .test_decisions import EARLY, LATE, NAME, both_edit

pytestmark = pytest.mark.servers


async def simulate(client: httpx.AsyncClient, group: str, policy: str, **more: Any) -> dict[str, Any]:
    body = {"kind": "customer", "group": group, "policy": policy} | more
    answer = await client.post("/v1/policies:simulate", json=body)
    assert answer.status_code == 200, answer.json()
    found: dict[str, Any] = answer.json()
    return found


async def test_every_group_tells_its_policy_owner_and_what_counts_as_equal(client: httpx.AsyncClient) -> None:
    kinds = {each["kind"]: each for each in (await client.get("/v1/policies")).json()["items"]}
    groups = {each["group"]: each for each in kinds["customer"]["groups"]}
    assert (groups["credit"]["policy"], groups["credit"]["owner"]) == ("strict:erp", "erp")
    assert groups["credit"]["compared_as"].startswith("An object in which limit are decimal numbers")
    assert groups["owner"]["meaning"] == "The value of crm wins if it has one, else the newest."
    assert groups["tag:*"]["policy"] == "member"
    assert all(g["compared_as"] and g["meaning"] for kind in kinds.values() for g in kind["groups"])
    assert {rule["name"] for rule in kinds["customer"]["invariants"]} == {"valid_period", "discount_within_terms"}
    (contact,) = (await client.get("/v1/policies?kind=contact")).json()["items"]
    assert contact["groups"][0]["refers_to"] == "customer"


async def test_a_group_that_changes_hands_tells_when_and_to_whom(client: httpx.AsyncClient) -> None:
    (order,) = (await client.get("/v1/policies?kind=order")).json()["items"]
    line = next(group for group in order["groups"] if group["group"] == "line:*")
    assert (line["policy"], line["owner"], line["refers_to"]) == ("newest", None, "product")
    assert (line["once"]["policy"], line["once"]["owner"], line["once"]["group"]) == ("strict:erp", "erp", "state")
    assert "draft" not in line["once"]["values"]
    assert {"submitted", "confirmed", "cancelled"} <= set(line["once"]["values"])
    (product,) = (await client.get("/v1/policies?kind=product")).json()["items"]
    sku = next(group for group in product["groups"] if group["group"] == "sku")
    assert (sku["policy"], sku["owner"], sku["once"]) == ("strict_once_linked:erp", "erp", None)
    assert sku["meaning"] == "Only erp writes it; until it does, the first value of another system is used."


async def test_a_simulation_tells_which_policy_was_in_force_in_each_state(hub: Hub, client: httpx.AsyncClient) -> None:
    customer = await hub.enter(hub.crm, {"name": NAME})
    head = {"customer": customer.local_id, "currency": "EUR", "dates": {"ordered_on": "1996-07-04"}}
    crm = await hub.enter(hub.crm, {"state": "draft", "notes": "first", **head}, kind="order")
    erp = hub.erp.copy_of(str(crm.canonical_id))
    await both_edit(hub, (crm, erp), "notes", "by phone", "by mail")
    await hub.deliver()
    await hub.merge(crm.edit({"state": "submitted"}))
    await hub.merge(crm.edit({"notes": "too late"}))
    would = await simulate(client, "notes", "newest", kind="order")
    late, early = would["items"]
    assert [item["policy"] for item in would["items"]] == ["strict:erp", "newest"]
    assert (early["changed"], late["changed"], late["would_be"]["value"]) == (False, True, "too late")
    assert (await simulate(client, "notes", "strict:erp", kind="order"))["items"][0]["changed"] is False


async def test_a_simulation_tells_which_conflicts_would_have_ended_otherwise(
    hub: Hub, client: httpx.AsyncClient
) -> None:
    crm = await hub.enter(hub.crm, {"name": NAME, "email": "info@alfreds.example"})
    erp = hub.erp.copy_of(str(crm.canonical_id))
    await both_edit(hub, (crm, erp))
    would = await simulate(client, "email", "prefer:crm")
    assert (would["decisions"], would["changed"]) == (1, 1)
    (item,) = would["items"]
    assert (item["was"]["value"], item["would_be"]["value"]) == ("erp@x.example", "crm@x.example")
    assert (await simulate(client, "email", "manual"))["newly_parked"] == 1
    assert (await simulate(client, "email", "newest", since=LATE.replace(year=2099).isoformat()))["decisions"] == 0
    unchanged = (await client.get(f"/v1/records/customer/{crm.canonical_id}")).json()
    assert unchanged["groups"]["email"]["value"] == "erp@x.example"


async def test_the_policy_in_force_would_have_changed_nothing(hub: Hub, client: httpx.AsyncClient) -> None:
    crm = await hub.enter(hub.crm, {"name": NAME, "email": "info@alfreds.example", "notes": "first"})
    erp = hub.erp.copy_of(str(crm.canonical_id))
    for group, first, second in (
        ("email", "a@x.example", "b@x.example"),
        ("notes", "a", "b"),
        ("owner", "anna", "ben"),
        ("tag:retail", True, False),
    ):
        await both_edit(hub, (crm, erp), group, first, second)
    await hub.merge(crm.edit({"credit": {"limit": "5", "currency": "EUR"}}))
    groups = {"email": "newest", "notes": "manual", "owner": "prefer:crm", "tag:*": "member", "credit": "strict:erp"}
    for group, policy in groups.items():
        would = await simulate(client, group, policy)
        assert (would["decisions"], would["changed"]) == (1, 0), group


async def test_an_empty_value_yields_in_the_simulation_too_when_records_met_for_the_first_time(
    hub: Hub, client: httpx.AsyncClient
) -> None:
    tax = {"legal_name": "Alfreds", "tax_id": "DE129273398", "country": "DE"}
    values = {"name": NAME, "legal:6d0f4c1e-9b1f-5a53-8a53-0a4f6a9c7f11": tax}
    await hub.merge(
        hub.crm.holds(LocalRecord("crm")).edit({**values, "website": "https://alfreds.example"}, at=EARLY),
        hub.erp.holds(LocalRecord("erp")).edit({**values, "website": None}, at=LATE),
    )
    would = await simulate(client, "website", "newest")
    assert (would["decisions"], would["changed"]) == (1, 0)


async def test_a_stewards_choices_are_not_simulated(hub: Hub, client: httpx.AsyncClient) -> None:
    crm = await hub.enter(hub.crm, {"name": NAME, "notes": "first"})
    await both_edit(hub, (crm, hub.erp.copy_of(str(crm.canonical_id))), "notes", "a", "b")
    conflict = (await client.get("/v1/conflicts")).json()["items"][0]["id"]
    await client.post(f"/v1/conflicts/{conflict}/resolve", json={"origin": "crm"})
    would = await simulate(client, "notes", "newest")
    assert (would["decisions"], would["no_longer_parked"]) == (1, 1)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"kind": "customer", "group": "email", "policy": "loudest"}, "policy"),
        ({"kind": "customer", "group": "email", "policy": "prefer:shop"}, "policy"),
        ({"kind": "customer", "group": "colour", "policy": "newest"}, "group"),
        ({"kind": "costumer", "group": "email", "policy": "newest"}, "kind"),
        ({"kind": "customer", "group": "email", "policy": "newest", "limit": 5000}, "limit"),
    ],
)
async def test_wrong_input_names_the_field(client: httpx.AsyncClient, body: dict[str, Any], field: str) -> None:
    refused = await client.post("/v1/policies:simulate", json=body)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] == field
