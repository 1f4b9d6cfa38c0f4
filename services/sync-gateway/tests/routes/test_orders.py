"""Orders over HTTP: states that cannot be joined wait for a steward, lines that came too late can be brought back."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from .events import LocalRecord
from .hub import Hub

pytestmark = pytest.mark.servers
LINE = "line:0192f000-0000-7000-8000-000000000001"
CHAI: dict[str, Any] = {
    "position": 1,
    "product": None,
    "description": "Chai",
    "quantity": "12",
    "unit_price": "14",
    "discount": "0",
    "tax_class": "standard",
    "tax_rate": "0.2",
}


@pytest.fixture
async def order(hub: Hub) -> AsyncIterator[tuple[LocalRecord, LocalRecord]]:
    """An order that sales has submitted, in both systems."""
    product = await hub.enter(hub.crm, {"name": "Chai", "sku": "CHAI"}, kind="product")
    line = {**CHAI, "product": product.local_id}
    customer = await hub.enter(hub.crm, {"name": {"name": "Vins et alcools Chevalier", "kind": "company"}})
    head = {"customer": customer.local_id, "currency": "EUR", "dates": {"ordered_on": "1996-07-04"}}
    crm = await hub.enter(hub.crm, {"state": "submitted", **head, LINE: line}, kind="order")
    yield crm, hub.erp.copy_of(str(crm.canonical_id))


async def conflicts(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await client.get("/v1/conflicts?kind=order")).json()["items"]
    return items


async def test_cancelled_here_and_shipped_there_waits_for_a_steward_and_ends_everywhere_as_he_says(
    hub: Hub, client: httpx.AsyncClient, order: tuple[LocalRecord, LocalRecord]
) -> None:
    crm, erp = order
    await hub.merge(crm.edit({"state": "cancelled"}, "carla"), erp.edit({"state": "shipped"}, "egon"))
    await hub.deliver()
    (conflict,) = await conflicts(client)
    assert (conflict["group"], conflict["rule"], conflict["winner"]) == ("state", "machine", None)
    assert {value["origin"]: value["value"] for value in conflict["values"]} == {"crm": "cancelled", "erp": "shipped"}
    assert (crm.values["state"], erp.values["state"]) == ("cancelled", "shipped")
    shown = (await client.get(f"/v1/records/order/{crm.canonical_id}")).json()
    assert shown["parked"] == ["state"]

    answer = await client.post(f"/v1/conflicts/{conflict['id']}/resolve", json={"origin": "erp"})

    assert (answer.status_code, answer.json()["value"]) == (200, "shipped")
    await hub.deliver()
    assert (crm.values["state"], erp.values["state"]) == ("shipped", "shipped")
    assert await conflicts(client) == []


async def test_an_order_that_is_parked_goes_on_in_all_else_and_stays_parked_when_the_erp_goes_on(
    hub: Hub, client: httpx.AsyncClient, order: tuple[LocalRecord, LocalRecord]
) -> None:
    crm, erp = order
    await hub.merge(crm.edit({"state": "cancelled"}), erp.edit({"state": "shipped", "number": "A-1"}))
    await hub.deliver()
    assert crm.values["number"] == "A-1"
    await hub.merge(erp.edit({"state": "invoiced"}))
    (conflict,) = await conflicts(client)
    assert {value["value"] for value in conflict["values"]} == {"cancelled", "invoiced"}


async def test_a_steward_cannot_invent_a_state(
    hub: Hub, client: httpx.AsyncClient, order: tuple[LocalRecord, LocalRecord]
) -> None:
    crm, erp = order
    await hub.merge(crm.edit({"state": "cancelled"}), erp.edit({"state": "shipped"}))
    (conflict,) = await conflicts(client)
    refused = await client.post(f"/v1/conflicts/{conflict['id']}/resolve", json={"value": "lost"})
    assert refused.status_code == 422


async def test_states_that_follow_each_other_need_nobody(
    hub: Hub, client: httpx.AsyncClient, order: tuple[LocalRecord, LocalRecord]
) -> None:
    crm, erp = order
    await hub.merge(erp.edit({"state": "confirmed"}), crm.edit({"state": "cancelled"}))
    await hub.deliver()
    assert (crm.values["state"], erp.values["state"]) == ("cancelled", "cancelled")
    assert await conflicts(client) == []


async def test_a_line_that_came_too_late_is_reverted_and_a_steward_may_bring_it_back(
    hub: Hub, client: httpx.AsyncClient, order: tuple[LocalRecord, LocalRecord]
) -> None:
    crm, erp = order
    late = {**CHAI, "product": crm.values[LINE]["product"], "quantity": "20"}  # type: ignore[call-overload, index]  # JSON
    await hub.merge(crm.edit({LINE: late}))
    await hub.deliver()
    assert crm.values[LINE]["quantity"] == "12"  # type: ignore[call-overload, index]  # JSON
    (decision,) = (await client.get("/v1/decisions?kind=order&group=line:*")).json()["items"]
    assert (decision["policy"]["name"], decision["values"][-1]["outcome"]) == ("strict:erp", "refused")

    answer = await client.post(f"/v1/decisions/{decision['id']}/restore", json={})

    assert answer.status_code == 200
    await hub.deliver()
    assert erp.values[LINE]["quantity"] == "20"  # type: ignore[call-overload, index]  # JSON
    shown = (await client.get(f"/v1/records/order/{crm.canonical_id}")).json()
    assert (shown["groups"][LINE]["policy"], shown["groups"][LINE]["value"]["quantity"]) == ("strict:erp", "20")


async def test_a_payment_that_was_reversed_stays_so(hub: Hub, client: httpx.AsyncClient) -> None:
    paid = {"amount": "440", "currency": "EUR", "direction": "in", "received_on": "1996-08-01"}
    crm = await hub.enter(hub.crm, {"state": "entered", "payment": paid, "reference": "RF18"}, kind="payment")
    erp = hub.erp.copy_of(str(crm.canonical_id))
    await hub.merge(crm.edit({"state": "reversed"}), erp.edit({"state": "booked"}))
    await hub.deliver()
    assert (crm.values["state"], erp.values["state"]) == ("reversed", "reversed")
    assert (await client.get("/v1/conflicts")).json()["items"] == []


async def test_an_order_is_found_and_called_by_its_number(
    hub: Hub, client: httpx.AsyncClient, order: tuple[LocalRecord, LocalRecord]
) -> None:
    _, erp = order
    await hub.merge(erp.edit({"number": "SO-10248"}))
    (found,) = (await client.get("/v1/records/order?q=10248")).json()["items"]
    assert found["canonical_id"] == erp.canonical_id
    hub.crm.refuses["number"] = {"title": "No"}
    await hub.deliver()
    (held,) = (await client.get("/v1/deliveries?state=rejected")).json()["items"]
    assert held["name"] == "SO-10248"
