"""Deliveries over HTTP: what is refused, what waits, and trying again."""

from typing import Any

import httpx
import pytest

from .hub import Hub

pytestmark = pytest.mark.servers

NAME = {"name": "Alfreds Futterkiste", "kind": "company"}
REFUSAL = {"title": "The tax id is not valid", "detail": "DE1 is no VAT number.", "hint": "Correct it.", "status": 409}


async def listed(client: httpx.AsyncClient, **params: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await client.get("/v1/deliveries", params=params)).json()["items"]
    return items


async def test_a_refusal_is_listed_with_the_problem_in_full_and_since_when(hub: Hub, client: httpx.AsyncClient) -> None:
    hub.erp.refuses["email"] = REFUSAL
    row = await hub.enter(hub.crm, {"name": NAME, "email": "info@alfreds.example"})
    (refused,) = await listed(client, state="rejected")
    assert (refused["canonical_id"], refused["system"], refused["name"]) == (row.canonical_id, "erp", NAME["name"])
    assert [(each["group"], each["problem"]) for each in refused["refused"]] == [("email", REFUSAL)]
    assert refused["since"] == refused["refused"][0]["since"]
    assert refused["due_at"] > refused["since"]


async def test_a_refused_record_stays_listed_while_something_newer_is_due(hub: Hub, client: httpx.AsyncClient) -> None:
    hub.erp.refuses["email"] = REFUSAL
    row = await hub.enter(hub.crm, {"name": NAME, "email": "info@alfreds.example"})
    await hub.merge(row.edit({"website": "https://alfreds.example"}))
    (refused,) = await listed(client, state="rejected", system="erp")
    assert (refused["state"], refused["missing"]) == ("rejected", ["life", "website"])


async def test_what_waits_names_what_it_waits_for(hub: Hub, client: httpx.AsyncClient) -> None:
    await hub.enter(hub.crm, {"name": "Maria Anders", "customer": "c-1"}, kind="contact")
    (waiting,) = await listed(client, state="waiting", kind="contact", system="erp")
    assert waiting["waiting_for"] == waiting["reason"] == "customer c-1 of crm"
    since = waiting["since"]
    await client.post("/v1/deliveries:retry", json={"system": "crm"})
    await hub.deliver()
    assert (await listed(client, state="waiting", system="erp"))[0]["since"] == since


async def test_retrying_tries_again_what_was_refused(hub: Hub, client: httpx.AsyncClient) -> None:
    hub.erp.refuses["email"] = REFUSAL
    await hub.enter(hub.crm, {"name": NAME, "email": "info@alfreds.example"})
    hub.erp.refuses.clear()
    answer = await client.post("/v1/deliveries:retry", json={"system": "erp", "kind": "customer"})
    assert answer.json() == {"retried": 1, "remaining": 0}
    assert [each["state"] for each in await listed(client, system="erp")] == ["pending"]
    await hub.deliver()
    assert await listed(client) == []
    assert next(iter(hub.erp.rows.values())).values["email"] == "info@alfreds.example"


async def test_retrying_keeps_to_what_was_named(hub: Hub, client: httpx.AsyncClient) -> None:
    hub.erp.refuses["email"] = REFUSAL
    first = await hub.enter(hub.crm, {"name": NAME, "email": "a@x.example"})
    await hub.enter(hub.crm, {"name": {"name": "Bon app'", "kind": "company"}, "email": "b@x.example"})
    for body, retried in (
        ({"system": "crm"}, 0),
        ({"kind": "contact"}, 0),
        ({"canonical_ids": [first.canonical_id]}, 1),
        (None, 1),
    ):
        answer = (await client.post("/v1/deliveries:retry", json=body)).json()
        assert answer == {"retried": retried, "remaining": 0}, body


async def test_wrong_input_is_refused(client: httpx.AsyncClient) -> None:
    for body, status in (
        ({"system": "shop"}, 404),
        ({"kind": "costumer"}, 422),
        ({"canonical_ids": []}, 422),
        ({"all": True}, 422),
    ):
        refused = await client.post("/v1/deliveries:retry", json=body)
        assert refused.status_code == status, body
        assert refused.json()["hint"]
    assert (await client.get("/v1/deliveries?state=idle")).status_code == 422
