"""Deals over HTTP, on a real database."""

from typing import Any

import httpx
import pytest

pytestmark = pytest.mark.servers
UNKNOWN = "01900000-0000-7000-8000-0000000000ff"


async def a_customer(api: httpx.AsyncClient) -> str:
    answer = await api.post("/v1/customers", json={"name": "Alfreds Futterkiste"})
    return str(answer.json()["id"])


async def a_deal(api: httpx.AsyncClient, **values: Any) -> dict[str, Any]:
    body = {"name": "Tea for the canteen", "customer_id": await a_customer(api), **values}
    answer = await api.post("/v1/deals", json=body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_deal_goes_from_its_first_stage_to_won(api: httpx.AsyncClient) -> None:
    deal = await a_deal(api, amount="12000.50", currency="eur")
    assert (deal["stage"], deal["probability"], deal["state"], deal["version"]) == ("qualification", "0.1", "open", 1)
    address = f"/v1/deals/{deal['id']}"
    moved = (await api.post(f"{address}/move", json={"stage": "needs"})).json()
    assert (moved["stage"], moved["probability"], moved["amount"]) == ("needs", "0.25", "12000.50")
    won = (await api.post(f"{address}/win", json={"reason": "Price", "closed_on": "2026-11-22"})).json()
    assert (won["state"], won["reason"], won["closed_on"], won["version"]) == ("won", "Price", "2026-11-22", 3)


async def test_a_stage_is_entered_only_with_its_fields_and_they_stay_filled(api: httpx.AsyncClient) -> None:
    deal = await a_deal(api)
    address = f"/v1/deals/{deal['id']}"
    refused = await api.post(f"{address}/move", json={"stage": "needs"})
    assert (refused.status_code, refused.json()["fields"]) == (409, ["amount"])
    patch = {"amount": "10", "currency": "EUR"}
    assert (await api.patch(address, json=patch, headers={"If-Match": '"1"'})).status_code == 200
    assert (await api.post(f"{address}/move", json={"stage": "needs"})).json()["version"] == 3
    emptied = await api.patch(address, json={"amount": None}, headers={"If-Match": '"3"'})
    assert (emptied.status_code, emptied.json()["type"]) == (409, "/problems/fields-required")


async def test_a_deal_of_nobody_is_refused(api: httpx.AsyncClient, stranger: httpx.AsyncClient) -> None:
    body = {"name": "Tea", "customer_id": UNKNOWN}
    assert (await api.post("/v1/deals", json=body)).json()["type"] == "/problems/reference-unknown"
    theirs = {"name": "Tea", "customer_id": await a_customer(api)}
    assert (await stranger.post("/v1/deals", json=theirs)).status_code == 409
    contact = {**theirs, "contact_id": UNKNOWN}
    assert (await api.post("/v1/deals", json=contact)).json()["kind"] == "contact"


async def test_an_amount_without_a_currency_is_malformed(api: httpx.AsyncClient) -> None:
    body = {"name": "Tea", "customer_id": await a_customer(api), "amount": "10"}
    refused = await api.post("/v1/deals", json=body)
    assert refused.status_code == 422
    assert "currency" in refused.json()["errors"][0]["message"]


async def test_a_tenant_declares_its_own_stages_and_keeps_those_at_which_deals_stand(api: httpx.AsyncClient) -> None:
    await a_deal(api)
    built_in = (await api.get("/v1/pipelines/sales")).json()
    assert built_in["version"] == 0
    mine = {name: built_in[name] for name in ("name", "won_reasons", "lost_reasons")}
    stages = [{"key": "first", "name": "First", "probability": "0.5", "required": ["source"]}]
    refused = await api.put("/v1/pipelines/sales", json={**mine, "stages": stages})
    assert (refused.status_code, refused.json()["stages"]) == (409, ["qualification"])
    declared = await api.put("/v1/pipelines/projects", json={**mine, "stages": stages})
    assert (declared.status_code, declared.json()["version"]) == (200, 1)
    assert (await api.put("/v1/pipelines/projects", json={**mine, "stages": stages})).status_code == 428
    lists = (await api.get("/v1/pipelines")).json()["items"]
    assert [each["key"] for each in lists] == ["sales", "projects"]
    needs = {"name": "Hall", "customer_id": await a_customer(api), "pipeline": "projects"}
    assert (await api.post("/v1/deals", json=needs)).json()["fields"] == ["source"]
    assert (await api.post("/v1/deals", json={**needs, "source": "fair"})).json()["stage"] == "first"


async def test_deals_are_found_by_customer_stage_and_day(api: httpx.AsyncClient, stranger: httpx.AsyncClient) -> None:
    deal = await a_deal(api, expected_close="2026-12-01")
    await a_deal(api, expected_close="2027-01-01")
    for filters in ({"customer_id": deal["customer_id"]}, {"closes_until": "2026-12-31"}):
        found = (await api.get("/v1/deals", params=filters)).json()["items"]
        assert [each["id"] for each in found] == [deal["id"]]
    everything = {"stage": "qualification", "state": "open", "q": "canteen tea"}
    assert len((await api.get("/v1/deals", params=everything)).json()["items"]) == 2
    assert (await stranger.get("/v1/deals")).json()["items"] == []
