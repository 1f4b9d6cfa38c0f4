"""What the CRM announces of deals and quotes: one event for each change, of the published shape."""

from typing import Any

import httpx
import orjson
import pytest
from chassis.outbox import OutboxRow
from contracts.events import EVENTS
from crm.sales.deals.events import DEAL
from crm.sales.quotes.events import QUOTE
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from ..people.factories import employee

pytestmark = pytest.mark.servers


async def announced(session: AsyncSession, topic: str) -> list[dict[str, Any]]:
    """The data of all events of a topic, each checked against its published shape."""
    rows = (await session.scalars(select(OutboxRow).where(OutboxRow.topic == topic).order_by(OutboxRow.id))).all()
    found: list[dict[str, Any]] = [orjson.loads(row.data) for row in rows]
    for data in found:
        EVENTS[topic].model_validate(data)
    return found


def changes(event: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    return {change["group"]: (change["old"], change["new"]) for change in event["changes"]}


async def a_deal(api: httpx.AsyncClient) -> dict[str, Any]:
    customer = (await api.post("/v1/customers", json={"name": "Alfreds Futterkiste", "currency": "EUR"})).json()
    body = {"name": "Tea for the canteen", "customer_id": customer["id"], "amount": "12000.50", "currency": "EUR"}
    deal: dict[str, Any] = (await api.post("/v1/deals", json=body)).json()
    return deal


async def test_each_change_of_a_deal_is_announced_with_its_whole_state(
    api: httpx.AsyncClient, session: AsyncSession
) -> None:
    ann = await employee(api, "Ann")
    deal = await a_deal(api)
    address = f"/v1/deals/{deal['id']}"
    await api.post(f"{address}/move", json={"stage": "needs"})
    await api.post(f"{address}/move", json={"stage": "needs"})  # It stands there already.
    await api.patch(address, json={"owner_id": ann}, headers={"If-Match": '"2"'})
    await api.post(f"{address}/win", json={"reason": "Price", "closed_on": "2026-11-22"})
    events = await announced(session, DEAL.topic)
    assert [event["seq"] for event in events] == [1, 2, 3, 4]
    assert changes(events[0])["amount"] == (None, "12000.50")
    assert changes(events[1]) == {"stage": ("qualification", "needs"), "probability": ("0.1", "0.25")}
    assert changes(events[2]) == {"owner_employee": (None, ann)}
    assert changes(events[3]) == {
        "state": ("open", "won"),
        "reason": (None, "Price"),
        "closed_on": (None, "2026-11-22"),
    }
    assert events[3]["snapshot"] == {
        "name": "Tea for the canteen",
        "customer": deal["customer_id"],
        "pipeline": deal["pipeline"],
        "stage": "needs",
        "probability": "0.25",
        "state": "won",
        "reason": "Price",
        "closed_on": "2026-11-22",
        "amount": "12000.50",
        "currency": "EUR",
        "owner_employee": ann,
        "lines": [],
    }


async def test_a_refused_change_is_not_announced(api: httpx.AsyncClient, session: AsyncSession) -> None:
    deal = await a_deal(api)
    assert (await api.post(f"/v1/deals/{deal['id']}/lose", json={"reason": "No such reason"})).status_code == 409
    assert [event["seq"] for event in await announced(session, DEAL.topic)] == [1]


async def test_an_accepted_quote_and_the_deal_that_it_wins_are_announced(
    api: httpx.AsyncClient, session: AsyncSession
) -> None:
    deal = await a_deal(api)
    product = (await api.post("/v1/products", json={"name": "Chai"})).json()
    line = {"product_id": product["id"], "quantity": "10", "unit_price": "18", "tax_rate": "0.19"}
    body = {"customer_id": deal["customer_id"], "deal_id": deal["id"], "lines": [line]}
    made = await api.post("/v1/quotes", json=body)
    assert made.status_code == 201, made.text
    address = f"/v1/quotes/{made.json()['id']}"
    assert (await api.post(f"{address}/send")).status_code == 200
    accepted = await api.post(f"{address}/accept", json={"submit": False})
    assert accepted.status_code == 200, accepted.text
    drafted, sent, decided = await announced(session, QUOTE.topic)
    assert (drafted["snapshot"]["state"], drafted["snapshot"]["lines"][0]["quantity"]) == ("draft", "10")
    assert changes(sent)["state"] == ("draft", "sent")
    assert changes(decided)["state"] == ("sent", "accepted")
    assert changes(decided)["order"] == (None, accepted.json()["order_id"])
    assert changes((await announced(session, DEAL.topic))[-1])["state"] == ("open", "won")
