"""The customers' REST interface and port on a real database."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import httpx
import pytest
from chassis.testing import delivered
from party.testing import ALFREDS, entity

from .factories import CANONICAL, delivery

pytestmark = pytest.mark.servers
PATH = "/v1/customers"
NAME = {"name": "Alfreds", "kind": "company"}
ENTITY = "01900000-0000-7000-8000-000000000001"


def legal(**values: Any) -> dict[str, Any]:
    """The group of one legal entity, for `delivery`."""
    return {f"legal__{ENTITY}": entity(**values)}


async def entered(api: httpx.AsyncClient, **values: Any) -> dict[str, Any]:
    answer = await api.post(PATH, params={"allow_duplicate": "true"}, json={**ALFREDS, **values})
    assert answer.status_code == 201, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


async def present(api: httpx.AsyncClient) -> dict[str, Any]:
    (shown,) = (await api.get(PATH, params={"canonical_id": str(CANONICAL)})).json()["items"]
    found: dict[str, Any] = shown
    return found


async def test_a_customer_has_a_number_and_is_found_by_it(api: httpx.AsyncClient) -> None:
    shown = await entered(api)
    await entered(api, name="Around the Horn")
    assert shown["number"] == "C-000001"
    for parameters in ({"number": "C-000001"}, {"q": "c-000001"}, {"q": "futterkiste"}):
        items = (await api.get(PATH, params=parameters)).json()["items"]
        assert [item["id"] for item in items] == [shown["id"]]
    backwards = (await api.get(PATH, params={"sort": "-number"})).json()["items"]
    assert [item["number"] for item in backwards] == ["C-000002", "C-000001"]


async def test_a_number_is_given_and_never_written(api: httpx.AsyncClient) -> None:
    refused = await api.post(PATH, json={"name": "A", "number": "C-000009"})
    assert refused.json()["errors"] == [
        {"field": "number", "code": "unknown-field", "message": "unknown field: remove it"}
    ]


async def test_a_wrong_tax_id_is_refused_where_it_stands(api: httpx.AsyncClient) -> None:
    refused = await api.post(PATH, json={**ALFREDS, "legal_entities": [entity(), entity(tax_id="DE1")]})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] == "legal_entities[1].tax_id"


async def test_a_declared_field_takes_values_of_its_type(api: httpx.AsyncClient) -> None:
    await api.put("/v1/custom-fields/shoe_size", json={"label": "Shoe size", "type": "integer"})
    assert (await entered(api, custom={"shoe_size": 43}))["custom"] == {"shoe_size": 43}
    refused = await api.post(PATH, json={"name": "A", "custom": {"shoe_size": "large"}})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] == "custom.shoe_size"


async def test_each_item_of_a_batch_stands_or_falls_alone(api: httpx.AsyncClient) -> None:
    items = [{"body": {"name": "A"}}, {"body": {"name": "B", "legal_entities": [entity(tax_id="DE1")]}}]
    answer = await api.post(f"{PATH}:batch", json={"items": items})
    assert [each["outcome"] for each in answer.json()["items"]] == ["created", "refused"]


async def test_a_delivered_customer_is_created_once_and_numbered(api: httpx.AsyncClient) -> None:
    first, second = await delivered(api, "customer", delivery(name=NAME), delivery(name=NAME))
    assert (first["outcome"], second["outcome"]) == ("applied", "already")
    assert (await present(api))["number"] == "C-000001"


async def test_a_refused_tax_id_holds_up_nothing_else(api: httpx.AsyncClient) -> None:
    other = UUID(int=CANONICAL.int + 1)
    wrong = delivery(name=NAME, notes="kept", **legal(tax_id="DE1"))
    first, second = await delivered(api, "customer", wrong, delivery(other, name=NAME))
    assert first["groups"] == {"name": "applied", "notes": "applied", f"legal:{ENTITY}": "rejected"}
    assert "is not a tax id of DE" in first["problem"]["errors"][0]["message"]
    assert second["outcome"] == "applied"
    assert ((await present(api))["notes"], (await present(api))["legal_entities"]) == ("kept", [])
    (corrected,) = await delivered(api, "customer", delivery(rev=2, **legal()))
    assert corrected["outcome"] == "applied"
    assert (await present(api))["legal_entities"][0]["tax_id_key"] == "DE136695976"


async def test_an_edit_that_the_hub_has_not_merged_is_not_overwritten(api: httpx.AsyncClient) -> None:
    await delivered(api, "customer", delivery(name=NAME))
    address = f"{PATH}/{(await present(api))['id']}"
    await api.patch(address, json={"notes": "typed"}, headers={"If-Match": "*"})
    (outcome,) = await delivered(api, "customer", delivery(notes="delivered", rev=2, seen_seq=1))
    assert outcome["outcome"] == "skipped"
    assert (await present(api))["notes"] == "typed"


async def test_a_delivery_waits_while_its_unlinked_twin_is_here(api: httpx.AsyncClient) -> None:
    await entered(api, legal_entities=[entity()])
    (outcome,) = await delivered(api, "customer", delivery(name=NAME, **legal(tax_id="136 695 976")))
    assert outcome["outcome"] == "skipped"


async def test_a_number_without_an_e164_form_tells_a_twin_by_its_digits(api: httpx.AsyncClient) -> None:
    mexico = {"country": "MX"}
    await entered(api, phone="(5) 555-4729", billing_address=mexico)
    (outcome,) = await delivered(api, "customer", delivery(name=NAME, phone="5 555 4729", billing_address=mexico))
    assert outcome["outcome"] == "skipped"


CREDIT = {"limit": "5000.00", "currency": "EUR", "blocked": False}


async def test_credit_takes_a_scope_of_its_own_however_it_is_written(
    api: httpx.AsyncClient, with_scopes: Callable[[str], httpx.AsyncClient]
) -> None:
    shown = await entered(api)
    address = f"{PATH}/{shown['id']}"
    batch = [{"body": {"name": "B", "credit": CREDIT}}, {"body": {"name": "C"}}]
    batch.append({"id": shown["id"], "version": shown["version"], "body": {"credit": None}})
    async with with_scopes("customers:read customers:write") as clerk:
        refusals = [
            await clerk.post(PATH, json={"name": "A", "credit": CREDIT}),
            await clerk.patch(address, json={"credit": CREDIT}, headers={"If-Match": "*"}),
            await clerk.patch(address, json={"credit": None}, headers={"If-Match": "*"}),
        ]
        assert [(each.status_code, each.json()["missing"]) for each in refusals] == [(403, "credit:write")] * 3
        first, second, third = (await clerk.post(f"{PATH}:batch", json={"items": batch})).json()["items"]
        assert first["problem"]["missing"] == third["problem"]["missing"] == "credit:write"
        assert second["outcome"] == "created"
        assert (await clerk.patch(address, json={"notes": "a"}, headers={"If-Match": "*"})).status_code == 200
        assert (await clerk.get(address)).json()["credit"] is None
    async with with_scopes("customers:write credit:write") as controller:
        granted = await controller.patch(address, json={"credit": CREDIT}, headers={"If-Match": "*"})
        assert granted.json()["credit"]["limit"] == "5000.00"
