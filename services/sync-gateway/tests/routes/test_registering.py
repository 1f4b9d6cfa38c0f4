"""Registering systems over HTTP, and events that they send over HTTP."""

from typing import Any

import httpx
import orjson
import pytest
from chassis.db import transaction
from chassis.testing import OTHER_TENANT, TENANT
from gateway.store.deliveries import Delivery
from gateway.store.pauses import HeldBack, Pause
from sqlalchemy import select

from .events import LocalRecord
from .hub import Hub

pytestmark = pytest.mark.servers

SHOP: dict[str, Any] = {
    "address": "https://shop.test/concord/",
    "kinds": {"customer": "writes", "product": "reads"},
    "tenants": [str(TENANT)],
    "events": "http",
    "senders": ["shop"],
}
NAME = {"name": "Alfreds Futterkiste", "kind": "company"}


async def sent(hub: Hub, events: list[dict[str, Any]], **caller: Any) -> httpx.Response:
    """What the shop, or another caller, is answered."""
    async with hub.client(**{"scope": "events:write", "sub": "shop", **caller}) as client:
        return await client.post("/v1/systems/shop/events", json={"events": events})


def event(row: LocalRecord, values: dict[str, Any]) -> dict[str, Any]:
    """An edit in the structured mode of CloudEvents."""
    message = row.edit(values)
    headers = {name[3:]: (value or b"").decode() for name, value in message.headers if name.startswith("ce_")}
    return {**headers, "data": orjson.loads(message.value or b"")}


async def test_an_operator_registers_reads_changes_and_removes_a_system(operator: httpx.AsyncClient) -> None:
    made = (await operator.put("/v1/systems/shop", json=SHOP)).json()
    assert made["kinds"] == SHOP["kinds"]
    shown = (await operator.get("/v1/systems/shop")).json()["registration"]
    assert (shown["address"], shown["audience"]) == ("https://shop.test/concord", "concord-shop")
    assert (shown["registered_by"], shown["tenants"]) == ("olga", [str(TENANT)])
    await operator.put("/v1/systems/shop", json={**SHOP, "audience": "shop-api", "tenants": None})
    shown = (await operator.get("/v1/systems/shop")).json()["registration"]
    assert (shown["audience"], shown["tenants"]) == ("shop-api", None)
    assert (await operator.delete("/v1/systems/shop")).json()["name"] == "shop"
    assert (await operator.get("/v1/systems/shop")).status_code == 404
    assert (await operator.delete("/v1/systems/shop")).status_code == 404


async def test_only_operators_register_and_see_registrations(hub: Hub, client: httpx.AsyncClient) -> None:
    assert (await client.put("/v1/systems/shop", json=SHOP)).status_code == 403
    assert (await client.delete("/v1/systems/erp")).status_code == 403
    async with hub.client(scope="sync:read sync:operate", sub="olga") as operator:
        await operator.put("/v1/systems/shop", json=SHOP)
    assert (await client.get("/v1/systems/shop")).json()["registration"] is None
    async with hub.client(OTHER_TENANT) as other:
        assert (await other.get("/v1/systems/shop")).status_code == 404
        assert [each["name"] for each in (await other.get("/v1/systems")).json()["items"]] == ["crm", "erp"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"address": "https://user:secret@shop.test"},
        {"address": "ftp://shop.test"},
        {"address": "shop.test"},
        {"address": "https://shop.test/?key=1"},
        {"kinds": {}},
        {"kinds": {"unicorn": "reads"}},
        {"kinds": {"order": "writes"}},
        {"tenants": []},
        {"tenants": ["all"]},
        {"events": "smtp"},
        {"secret": "x"},
    ],
    ids=str,
)
async def test_a_wrong_registration_is_refused(operator: httpx.AsyncClient, wrong: dict[str, Any]) -> None:
    refused = await operator.put("/v1/systems/shop", json={**SHOP, **wrong})
    assert refused.status_code == 422, refused.text
    assert "secret@" not in refused.text


async def test_systems_of_the_settings_and_reserved_names_are_not_registered(operator: httpx.AsyncClient) -> None:
    for name in ("crm", "sync", "steward"):
        refused = await operator.put(f"/v1/systems/{name}", json=SHOP)
        assert (refused.status_code, refused.json()["type"]) == (409, "/problems/system-declared-elsewhere")
    assert (await operator.delete("/v1/systems/crm")).status_code == 409
    assert (await operator.put("/v1/systems/My.Shop", json=SHOP)).status_code == 422


async def test_events_over_http_are_stored_and_merged_in_their_order(hub: Hub, operator: httpx.AsyncClient) -> None:
    await operator.put("/v1/systems/shop", json=SHOP)
    row = LocalRecord("shop")
    first, second = event(row, {"name": NAME}), event(row, {"phone": "030-1"})
    answered = (await sent(hub, [first, second])).json()["items"]
    assert [each["outcome"] for each in answered] == ["accepted", "accepted"]
    again = (await sent(hub, [second, first])).json()["items"]
    assert [each["outcome"] for each in again] == ["duplicate", "duplicate"]
    await hub.resume()
    (found,) = (await operator.get("/v1/records/customer")).json()["items"]
    assert found["values"]["phone"] == "030-1"
    merged = (await sent(hub, [first, second, second])).json()["items"]
    assert [each["outcome"] for each in merged] == ["duplicate"] * 3
    third = event(row, {"phone": "030-2"})
    both = (await sent(hub, [third, third])).json()["items"]
    assert [each["outcome"] for each in both] == ["accepted", "duplicate"]
    await hub.resume()
    async with hub.worker(), transaction(hub.sessions) as session:
        assert (await session.scalars(select(HeldBack))).all() == []
        assert (await session.scalars(select(Pause))).all() == []


async def test_an_event_that_cannot_be_merged_refuses_no_other(hub: Hub, operator: httpx.AsyncClient) -> None:
    await operator.put("/v1/systems/shop", json=SHOP)
    good = event(LocalRecord("shop"), {"name": NAME})
    product = event(LocalRecord("shop", kind="product"), {"name": "Chai"})
    wrong = [
        {"id": "1"},
        {**good, "id": "no uuid"},
        {**good, "source": "/crm"},
        {**good, "tenant": str(OTHER_TENANT)},
        {**good, "data": {**good["data"], "snapshot": {"name": "?", "life": "live"}}},
        {**good, "data": [1]},
        product,
    ]
    answered = (await sent(hub, [*wrong, good])).json()["items"]
    assert [each["outcome"] for each in answered] == ["refused"] * 7 + ["accepted"]
    assert answered[6]["reason"] == "shop only reads product, it does not write it"
    assert answered[3]["reason"] == "the tenant of the event is not the tenant of the token"
    assert answered[4]["reason"].startswith("the data is not a change of a record: name")
    assert await hub.held() == 0


async def test_only_its_senders_and_tenants_send_the_events_of_a_system(hub: Hub, operator: httpx.AsyncClient) -> None:
    good = event(LocalRecord("shop"), {"name": NAME})
    assert (await sent(hub, [good])).json()["type"] == "/problems/not-its-sender"
    await operator.put("/v1/systems/shop", json=SHOP)
    for caller in ({"sub": "thief"}, {"tenant": OTHER_TENANT}, {"scope": "sync:write"}):
        assert (await sent(hub, [good], **caller)).status_code == 403
    await operator.put("/v1/systems/shop", json={**SHOP, "events": "kafka"})
    assert (await sent(hub, [good])).json()["type"] == "/problems/events-not-over-http"
    assert (await sent(hub, [])).status_code == 422


async def test_events_of_a_paused_system_wait_for_the_end_of_the_pause(hub: Hub, operator: httpx.AsyncClient) -> None:
    await operator.put("/v1/systems/shop", json=SHOP)
    await operator.post("/v1/systems/shop/pause")
    await sent(hub, [event(LocalRecord("shop"), {"name": NAME})])
    await hub.resume()
    assert (await operator.get("/v1/systems/shop")).json()["held_back"] == 1
    await operator.post("/v1/systems/shop/resume")
    await hub.resume()
    async with hub.worker(), transaction(hub.sessions) as session:
        assert {each.system for each in await session.scalars(select(Delivery))} == {"crm", "erp", "shop"}
