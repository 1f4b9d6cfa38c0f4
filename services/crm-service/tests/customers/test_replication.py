"""The port: what the hub delivers, however often and in whatever order."""

from typing import Any
from uuid import UUID

import httpx
import pytest
from chassis.testing import delivered
from party.testing import ALFREDS, entity

from .factories import CANONICAL, delivery

pytestmark = pytest.mark.servers
PORT = "/replication/v1/customer"
NAME = {"name": "Alfreds", "kind": "company"}
OTHER = UUID(int=CANONICAL.int + 1)


async def present(api: httpx.AsyncClient) -> list[dict[str, Any]]:
    answer = await api.get("/v1/customers", params={"canonical_id": str(CANONICAL), "archived": "any"})
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def test_a_delivered_customer_is_created_once(api: httpx.AsyncClient) -> None:
    first, second = await delivered(api, "customer", delivery(name=NAME), delivery(name=NAME))
    (third,) = await delivered(api, "customer", delivery(name=NAME))
    assert [first["outcome"], second["outcome"], third["outcome"]] == ["applied", "already", "already"]
    assert first["local_id"] == second["local_id"] == third["local_id"]
    assert len(await present(api)) == 1


async def test_an_older_revision_that_comes_late_changes_nothing(api: httpx.AsyncClient) -> None:
    await delivered(api, "customer", delivery(name=NAME, notes="second", rev=2))
    (late,) = await delivered(api, "customer", delivery(notes="first", rev=1))
    assert late["outcome"] == "already"
    assert (await present(api))[0]["notes"] == "second"


async def test_an_edit_that_the_hub_has_not_merged_is_not_overwritten(api: httpx.AsyncClient) -> None:
    await delivered(api, "customer", delivery(name=NAME))
    (shown,) = await present(api)
    await api.patch(f"/v1/customers/{shown['id']}", json={"notes": "typed"}, headers={"If-Match": "*"})
    (outcome,) = await delivered(api, "customer", delivery(notes="delivered", email="a@b.example", rev=2, seen_seq=1))
    assert outcome["groups"] == {"notes": "skipped", "email": "applied"}
    assert ((await present(api))[0]["notes"], (await present(api))[0]["email"]) == ("typed", "a@b.example")
    (outcome,) = await delivered(api, "customer", delivery(notes="decided", rev=3, seen_seq=2))
    assert outcome["outcome"] == "applied"
    assert (await present(api))[0]["notes"] == "decided"


async def test_a_refused_group_holds_up_no_other(api: httpx.AsyncClient) -> None:
    (outcome,) = await delivered(api, "customer", delivery(name=NAME, email="nonsense", notes="kept"))
    assert outcome["groups"] == {"name": "applied", "email": "rejected", "notes": "applied"}
    assert outcome["problem"]["errors"][0]["field"] == "email"
    (shown,) = await present(api)
    assert (shown["email"], shown["notes"]) == (None, "kept")


async def test_a_customer_without_a_usable_name_is_not_created(api: httpx.AsyncClient) -> None:
    bad, good = await delivered(
        api,
        "customer",
        delivery(name={"name": "", "kind": "company"}),
        delivery(OTHER, name=NAME),
    )
    assert (bad["outcome"], good["outcome"]) == ("rejected", "applied")
    assert await present(api) == []


@pytest.mark.parametrize(
    "groups",
    [
        {"phone": "+49 30 0074321"},
        {"phone": "030 0074321", "billing_address": {"country": "DE"}},
        {"email": "ALFREDS@example.com"},
        {"legal__0190aaaa-0000-7000-8000-000000000001": entity()},
    ],
)
async def test_a_delivery_waits_while_its_unlinked_twin_is_here(api: httpx.AsyncClient, groups: dict[str, Any]) -> None:
    typed = {**ALFREDS, "email": "alfreds@example.com", "legal_entities": [entity()]}
    assert (await api.post("/v1/customers", json=typed)).status_code == 201
    (outcome,) = await delivered(api, "customer", delivery(name=NAME, **groups))
    assert outcome["outcome"] == "skipped"
    assert await present(api) == []


async def test_a_number_without_an_e164_form_tells_a_twin_by_its_digits(api: httpx.AsyncClient) -> None:
    """The hub links by them too. A number of Mexico has ten digits today."""
    mexico = {"country": "MX"}
    typed = await api.post("/v1/customers", json={**ALFREDS, "phone": "(5) 555-4729", "billing_address": mexico})
    assert typed.json()["phone_e164"] is None
    same, other = await delivered(
        api,
        "customer",
        delivery(name=NAME, phone="5 555 4729", billing_address=mexico),
        delivery(OTHER, name=NAME, phone="5 555 4730", billing_address=mexico),
    )
    assert (same["outcome"], other["outcome"]) == ("skipped", "applied")


async def test_a_number_that_cannot_be_understood_makes_no_twin(api: httpx.AsyncClient) -> None:
    await api.post("/v1/customers", json={"name": "Somebody"})
    (outcome,) = await delivered(api, "customer", delivery(name=NAME, phone="ext. 12345"))
    assert outcome["outcome"] == "applied"


@pytest.mark.parametrize(
    "groups",
    [
        {"phone": 123},
        {"email": ["a@b.example"]},
        {"billing_address": "Ring 5"},
        {"phone": "030 0074321", "billing_address": {"country": 49}},
        {"legal__0190aaaa-0000-7000-8000-000000000001": "Alfreds GmbH"},
        {"legal__0190aaaa-0000-7000-8000-000000000001": {"tax_id": 5, "country": ["DE"]}},
    ],
)
async def test_a_value_of_a_wrong_type_is_refused_with_its_field_and_all_else_arrives(
    api: httpx.AsyncClient, groups: dict[str, Any]
) -> None:
    other = CANONICAL.__class__(int=CANONICAL.int + 1)
    refused, good = await delivered(
        api, "customer", delivery(name=NAME, notes="kept", **groups), delivery(other, name=NAME)
    )
    wrong = [group for group, outcome in refused["groups"].items() if outcome == "rejected"]
    assert (refused["outcome"], good["outcome"], len(wrong)) == ("rejected", "applied", 1)
    assert refused["problem"]["errors"][0]["field"].startswith(wrong[0].partition(":")[0])
    assert (await present(api))[0]["notes"] == "kept"


async def test_fields_of_the_erp_arrive_here(api: httpx.AsyncClient) -> None:
    terms = {"days": 30, "discount_days": 10, "discount_percent": "2"}
    credit = {"limit": "1000.00", "currency": "EUR", "blocked": False}
    await delivered(api, "customer", delivery(name=NAME, payment_terms=terms, credit=credit))
    (shown,) = await present(api)
    assert (shown["payment_terms"], shown["credit"]) == (terms, credit)


async def test_a_value_of_a_field_that_is_not_declared_here_is_kept_and_survives_edits(
    api: httpx.AsyncClient,
) -> None:
    await delivered(api, "customer", delivery(name=NAME, custom__shoe_size=43))
    (shown,) = await present(api)
    changed = await api.patch(f"/v1/customers/{shown['id']}", json={"notes": "x"}, headers={"If-Match": "*"})
    assert changed.json()["custom"] == {"shoe_size": 43}


async def test_members_come_and_go(api: httpx.AsyncClient) -> None:
    await delivered(api, "customer", delivery(name=NAME, tag__vip=True, tag__retail=True, custom__code="A"))
    await delivered(api, "customer", delivery(tag__vip=False, custom__code=None, rev=2))
    (shown,) = await present(api)
    assert (shown["tags"], shown["custom"]) == (["retail"], {})


async def test_a_death_archives_and_a_life_restores(api: httpx.AsyncClient) -> None:
    await delivered(api, "customer", delivery(name=NAME))
    await delivered(api, "customer", delivery(life="dead", rev=2))
    assert (await present(api))[0]["archived_at"] is not None
    await delivered(api, "customer", delivery(life="live", rev=3))
    assert (await present(api))[0]["archived_at"] is None


async def test_the_state_of_other_systems_is_shown(api: httpx.AsyncClient) -> None:
    peers = {"erp": {"state": "rejected", "reason": "'DE1' is not a tax id of DE"}}
    await delivered(api, "customer", {**delivery(name=NAME), "peers": peers})
    (shown,) = await present(api)
    assert shown["sync"] == {
        "canonical_id": str(CANONICAL),
        "state": "rejected",
        "systems": {"erp": {**peers["erp"], "fields": []}},
        "conflicts": [],
        "decisions": [],
    }


async def test_the_port_is_closed_without_its_scope(api: httpx.AsyncClient, with_scopes: Any) -> None:
    async with with_scopes("customers:write") as user:
        assert (await user.post(PORT, json={"items": []})).status_code == 403


async def test_conflicts_and_decisions_are_shown_in_lists_and_alone(api: httpx.AsyncClient) -> None:
    decision = "0199d5a0-6a4e-7c3f-9d0e-3a4f1f3b2a12"
    about = {"group": "notes", "rule": "manual", "path": f"/v1/decisions/{decision}"}
    conflict = {**about, "since": "2026-11-22T09:30:00Z", "decision": decision}
    told = {
        **about,
        "id": decision,
        "winner": None,
        "at": "2026-11-22T09:30:00Z",
        "state": "open",
        "outcome": "parked",
    }
    await delivered(api, "customer", {**delivery(name=NAME), "conflicts": [conflict], "decisions": [told]})
    (listed,) = await present(api)
    alone = (await api.get(f"/v1/customers/{listed['id']}")).json()
    for shown in (listed, alone):
        assert shown["sync"]["state"] == "conflict"
        assert (shown["sync"]["conflicts"], shown["sync"]["decisions"]) == ([conflict], [told])
