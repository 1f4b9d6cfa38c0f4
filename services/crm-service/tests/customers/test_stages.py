"""Stages of customers in the CRM: leads become prospects, and won deals make customers of them."""

import httpx
import pytest

pytestmark = pytest.mark.servers


async def stage_of(api: httpx.AsyncClient, customer_id: str) -> str:
    stage: str = (await api.get(f"/v1/customers/{customer_id}")).json()["stage"]
    return stage


async def converted(api: httpx.AsyncClient, **wanted: str) -> dict[str, str]:
    lead = (await api.post("/v1/leads", json={"name": "Ana Trujillo", "company": "Emparedados"})).json()
    answer = await api.post(f"/v1/leads/{lead['id']}/convert", json=wanted)
    assert answer.status_code == 200, answer.text
    shown: dict[str, str] = answer.json()
    return shown


async def test_a_lead_becomes_a_prospect_which_a_won_deal_qualifies(api: httpx.AsyncClient) -> None:
    lead = await converted(api)
    assert await stage_of(api, lead["customer_id"]) == "prospect"
    assert (await api.post(f"/v1/deals/{lead['deal_id']}/win", json={})).status_code == 200
    assert await stage_of(api, lead["customer_id"]) == "customer"


async def test_a_lost_deal_leaves_a_prospect(api: httpx.AsyncClient) -> None:
    lead = await converted(api)
    assert (await api.post(f"/v1/deals/{lead['deal_id']}/lose", json={"reason": "Price"})).status_code == 200
    assert await stage_of(api, lead["customer_id"]) == "prospect"


async def test_a_lead_becomes_a_customer_at_once_if_that_is_wanted(api: httpx.AsyncClient) -> None:
    assert await stage_of(api, (await converted(api, stage="customer"))["customer_id"]) == "customer"


async def test_who_is_entered_without_a_stage_is_a_customer(api: httpx.AsyncClient) -> None:
    shown = (await api.post("/v1/customers", json={"name": "Alfreds"})).json()
    assert shown["stage"] == "customer"
