"""Orders on their way through the hub: they name a customer and, line by line, products."""

import time
from typing import Any

import pytest
from chassis.db import Sessions, transaction, uuid7
from gateway.store.decisions import DecisionRow
from gateway.store.deliveries import Delivery
from gateway.store.links import Link
from gateway.store.records import Record
from sqlalchemy import text

from .hub import Hub, ScriptedSpoke

pytestmark = pytest.mark.servers
FIRST, SECOND = "line:0192f000-0000-7000-8000-000000000001", "line:0192f000-0000-7000-8000-000000000002"
CUSTOMER: dict[str, Any] = {"name": {"name": "Vins et alcools Chevalier", "kind": "company"}, "life": "live"}


@pytest.fixture
def hub(sessions: Sessions) -> Hub:
    return Hub(sessions)


def line(product: str, quantity: str = "12", position: int = 1) -> dict[str, Any]:
    return {
        "position": position,
        "product": product,
        "description": None,
        "quantity": quantity,
        "unit_price": "14",
        "discount": "0",
        "tax_class": "standard",
        "tax_rate": "0.2",
    }


def order(**groups: Any) -> dict[str, Any]:
    head = {"state": "draft", "customer": "c1", "currency": "EUR", "dates": {"ordered_on": "1996-07-04"}}
    return {**head, FIRST: line("p1"), SECOND: line("p2", "10", 2), "life": "live", **groups}


def product(name: str) -> dict[str, Any]:
    return {"name": name, "sku": name.upper(), "life": "live"}


async def deliver(hub: Hub, spoke: ScriptedSpoke, system: str = "erp") -> None:
    async with transaction(hub.sessions) as session:  # The sender hears last, a moment later.
        await session.execute(text("update deliveries set due_at = now() where state = 'pending'"))
    while await hub.delivering[system].step(spoke):
        pass


async def waits_for(hub: Hub, kind: str = "order") -> str | None:
    (delivery,) = [d for d in await hub.all(Delivery) if (d.kind, d.system) == (kind, "erp")]
    return str(delivery.waiting_for) if delivery.waiting_for else None


async def test_an_order_waits_for_its_customer_and_every_product_and_is_woken_by_each(hub: Hub) -> None:
    erp = ScriptedSpoke()
    await hub.ingest.handle([hub.event("crm", "o1", 1, order(), kind="order")])
    await deliver(hub, erp)
    assert await waits_for(hub) == "customer c1 of crm"

    await hub.ingest.handle([hub.event("crm", "c1", 1, CUSTOMER)])
    await deliver(hub, erp)
    assert await waits_for(hub) == "product p1 of crm"

    await hub.ingest.handle([hub.event("crm", "p2", 1, product("queso"), kind="product")])
    await hub.ingest.handle([hub.event("crm", "p1", 1, product("chai"), kind="product")])
    await deliver(hub, erp)

    assert await waits_for(hub) is None
    by_local_id = {link.local_id: link for link in await hub.all(Link)}
    sent = erp.items[-1]
    values = {group["group"]: group["value"] for group in sent["groups"]}
    assert values[FIRST] == line(f"new-{by_local_id['p1'].canonical_id}")
    assert values[SECOND] == line(f"new-{by_local_id['p2'].canonical_id}", "10", 2)
    assert values["customer"] == f"new-{by_local_id['c1'].canonical_id}"
    assert sent["references"] == {
        "customer": {"kind": "customer", "canonical_id": str(by_local_id["c1"].canonical_id)},
        FIRST: {"kind": "product", "canonical_id": str(by_local_id["p1"].canonical_id)},
        SECOND: {"kind": "product", "canonical_id": str(by_local_id["p2"].canonical_id)},
    }


async def test_its_own_product_that_the_hub_has_not_heard_of_goes_back_under_its_own_id(hub: Hub) -> None:
    crm = ScriptedSpoke()
    await hub.ingest.handle([hub.event("crm", "o1", 1, order(), kind="order")])

    await deliver(hub, crm, "crm")

    (sent,) = crm.items
    values = {group["group"]: group["value"] for group in sent["groups"]}
    assert (values[FIRST]["product"], values["customer"], sent["references"]) == ("p1", "c1", {})


async def test_a_line_that_was_taken_out_waits_for_nothing(hub: Hub) -> None:
    erp = ScriptedSpoke()
    removed = order(**{FIRST: None, SECOND: None})
    taken_out = hub.event("crm", "o1", 2, {FIRST: None, SECOND: None}, snapshot=removed, kind="order")
    await hub.ingest.handle(
        [hub.event("crm", "c1", 1, CUSTOMER), hub.event("crm", "o1", 1, order(), kind="order"), taken_out]
    )
    await deliver(hub, erp)
    values = {group["group"]: group["value"] for group in erp.items[-1]["groups"]}
    assert (values[FIRST], values[SECOND]) == (None, None)


async def test_the_golden_order_names_its_products_by_canonical_id_as_soon_as_they_are_known(hub: Hub) -> None:
    await hub.ingest.handle([hub.event("crm", "o1", 1, order(), kind="order")])
    (record,) = [r for r in await hub.all(Record) if r.kind == "order"]
    assert record.values()[FIRST]["product"] == {"kind": "product", "system": "crm", "local_id": "p1"}

    await hub.ingest.handle([hub.event("crm", "p1", 1, product("chai"), kind="product")])
    await hub.ingest.handle([hub.event("crm", "o1", 2, {"notes": "soon"}, snapshot=order(notes="soon"), kind="order")])

    (record,) = [r for r in await hub.all(Record) if r.kind == "order"]
    (link,) = [each for each in await hub.all(Link) if each.kind == "product"]
    assert record.values()[FIRST]["product"] == {"kind": "product", "canonical_id": str(link.canonical_id)}
    heads = record.decoded[FIRST].heads
    assert heads["crm"].value == record.values()[FIRST]


async def test_a_line_that_the_erp_names_by_its_own_product_is_the_same_line(hub: Hub) -> None:
    await hub.ingest.handle(
        [
            hub.event("crm", "c1", 1, CUSTOMER),
            hub.event("crm", "p1", 1, product("chai"), kind="product"),
            hub.event("crm", "p2", 1, product("queso"), kind="product"),
            hub.event("crm", "o1", 1, order(), kind="order"),
        ]
    )
    erp = ScriptedSpoke()
    await deliver(hub, erp)
    (item,) = [each for each in erp.items if any(group["group"] == FIRST for group in each["groups"])]
    stored = {group["group"]: group["value"] for group in item["groups"]}
    stored[FIRST] = {**stored[FIRST], "quantity": "12.0000", "unit_price": "14.00"}
    marks = {group["group"]: {"seq": 0, "rev": group["rev"], "hlc": 0} for group in item["groups"]}
    local_id = f"new-{item['canonical_id']}"
    answer = hub.event("erp", local_id, 1, stored, kind="order", sync=marks, ctx=1, origin="gateway")

    (before,) = [r.decoded for r in await hub.all(Record) if r.kind == "order"]

    await hub.ingest.handle([answer])

    (record,) = [r for r in await hub.all(Record) if r.kind == "order"]
    assert record.decoded == before
    assert await hub.all(DecisionRow) == []


async def test_an_order_of_two_hundred_lines_is_taken_in_and_sent_out_within_seconds(hub: Hub) -> None:
    lines = {f"line:{uuid7()}": line(f"p{n}", position=n) for n in range(1, 201)}
    products = [hub.event("crm", f"p{n}", 1, product(f"product {n}"), kind="product") for n in range(1, 201)]
    await hub.ingest.handle([hub.event("crm", "c1", 1, CUSTOMER), *products])
    erp = ScriptedSpoke()
    await deliver(hub, erp)
    values = {**order(), **lines}
    del values[FIRST], values[SECOND]
    began = time.perf_counter()

    await hub.ingest.handle([hub.event("crm", "o1", 1, values, kind="order")])
    await deliver(hub, erp)

    assert time.perf_counter() - began < 5
    assert len(erp.items[-1]["references"]) == 201


async def test_a_product_entered_on_both_sides_is_one_and_the_erp_says_its_sku(hub: Hub) -> None:
    gtin = "4006381333931"
    await hub.ingest.handle([hub.event("crm", "p1", 1, {"name": "Chai", "gtin": gtin, "life": "live"}, kind="product")])
    await hub.ingest.handle(
        [hub.event("erp", "e1", 1, {"name": "Chai", "sku": "CHAI", "gtin": gtin, "life": "live"}, kind="product")]
    )

    record = await hub.one(Record)

    assert record.values()["sku"] == "CHAI"
    assert {link.tier for link in await hub.all(Link)} == {"T4", "T1"}


async def test_the_same_payment_entered_on_both_sides_is_one(hub: Hub) -> None:
    def payment(amount: str) -> dict[str, Any]:
        paid = {"amount": amount, "currency": "EUR", "direction": "in", "received_on": "1996-08-01"}
        return {"state": "entered", "payment": paid, "reference": "RF18 5390 0754", "life": "live"}

    await hub.ingest.handle([hub.event("crm", "y1", 1, payment("440.00"), kind="payment")])
    await hub.ingest.handle([hub.event("erp", "z9", 1, {**payment("440"), "state": "booked"}, kind="payment")])

    record = await hub.one(Record)

    assert len(await hub.all(Link)) == 2
    assert (record.values()["state"], record.values()["payment"]["amount"]) == ("booked", "440")
    assert {row.group_key for row in await hub.all(DecisionRow)} == {"state"}
