"""What the hub brings: orders, shipments and what was billed, and how sales sees them."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from chassis.db import Sessions, transaction
from chassis.testing import TENANT, delivered
from contracts.order import OrderState
from crm.receivables.models import CreditNote, CreditNoteLine, Invoice, InvoiceLine

from .factories import CANONICAL, PATH, Shop, delivery

pytestmark = pytest.mark.servers


@pytest.fixture
async def shop(api: httpx.AsyncClient) -> Shop:
    return await Shop.opened(api)


def erp_order(shop: Shop, **groups: Any) -> dict[str, Any]:
    """An order that was entered in the ERP, as the hub brings it."""
    line = {
        "position": 1,
        "product": shop.products["Tofu"],
        "quantity": "4",
        "unit_price": "20",
        "discount": "0.1",
        "tax_class": "standard",
        "tax_rate": "0.19",
    }
    given = {
        "state": "confirmed",
        "customer": shop.customer,
        "currency": "EUR",
        "dates": {"ordered_on": "2026-03-01"},
        "number": "O-000007",
        "line__01900000-0000-7000-8000-000000000001": line,
    }
    return delivery(**{**given, **groups})


def shipment(order: dict[str, Any], number: str, quantity: str, kind: str = "shipment") -> dict[str, Any]:
    document = {"number": number, "kind": kind, "shipped_on": "2026-03-04", "carrier": "DHL", "tracking": "JD014"}
    lines = [{"line_id": order["lines"][0]["id"], "quantity": quantity}]
    return delivery(uuid4(), order=order["id"], document=document, lines=lines)


async def bill(sessions: Sessions, order: dict[str, Any], *, settled: str, credited: str | None = None) -> None:
    """An invoice over the whole order, as the ERP brought it, and maybe a credit note."""
    (line,) = order["lines"]
    total, customer_id = Decimal(order["total"]), UUID(order["customer_id"])
    written = {
        "description": "Chai",
        "position": 1,
        "order_line_id": UUID(line["id"]),
        "unit_price": Decimal(line["unit_price"]),
        "discount": Decimal(0),
        "tax_rate": Decimal("0.19"),
        "net": Decimal(line["net"]),
    }
    document = {
        "customer_id": customer_id,
        "issued_on": date(2026, 3, 5),
        "currency": "EUR",
        "net": Decimal(order["net"]),
        "tax": Decimal(order["tax"]),
        "total": total,
        "taxes": [],
    }
    invoice = Invoice(
        **document,
        id=uuid4(),
        number="INV-1",
        due_on=date(2026, 4, 4),
        state="partly_paid",
        settled=Decimal(settled),
        open=total - Decimal(settled),
        dunning_level=0,
        lines=[InvoiceLine(**written, quantity=Decimal(line["quantity"]))],
    )
    async with transaction(sessions, TENANT) as session:
        session.add(invoice)
        await session.flush()
        if credited:
            line_credited = CreditNoteLine(**written, quantity=Decimal(credited))
            session.add(CreditNote(**document, number="CN-1", invoice_id=invoice.id, lines=[line_credited]))


async def test_an_order_of_the_erp_arrives_with_its_lines(shop: Shop, api: httpx.AsyncClient) -> None:
    (outcome,) = await delivered(api, "order", erp_order(shop))
    assert outcome["outcome"] == "applied"
    shown = await shop.shown(outcome["local_id"])
    assert (shown["state"], shown["number"], shown["sales_number"]) == ("confirmed", "O-000007", None)
    assert (shown["net"], shown["tax"], shown["total"]) == ("72.00", "13.68", "85.68")
    (line,) = shown["lines"]
    assert (line["id"], line["price_from"]) == ("01900000-0000-7000-8000-000000000001", "delivered")
    assert shown["canonical_id"] == str(CANONICAL)


async def test_a_line_beyond_all_numbers_is_refused_and_holds_up_no_other(shop: Shop, api: httpx.AsyncClient) -> None:
    absurd = {
        "position": 2,
        "product": shop.products["Chai"],
        "quantity": "999999999999999",
        "unit_price": "999999999999999",
        "discount": "0",
        "tax_class": "standard",
        "tax_rate": "0.19",
    }
    poisoned = erp_order(shop, **{"line__01900000-0000-7000-8000-000000000002": absurd})
    good = {**erp_order(shop, number="O-000008"), "canonical_id": str(uuid4())}
    refused, applied = await delivered(api, "order", poisoned, good)
    assert (refused["outcome"], applied["outcome"]) == ("rejected", "applied")
    wrong = [group for group, outcome in refused["groups"].items() if outcome == "rejected"]
    assert wrong == ["line:01900000-0000-7000-8000-000000000002"]
    assert (await shop.shown(refused["local_id"]))["total"] == "85.68"


async def test_a_draft_of_the_erp_has_our_number_once_sales_submits_it(shop: Shop, api: httpx.AsyncClient) -> None:
    (outcome,) = await delivered(api, "order", erp_order(shop, state="draft", number=None))
    shown = (await api.post(f"{PATH}/{outcome['local_id']}/submit")).json()
    assert (shown["state"], shown["sales_number"]) == ("submitted", "SO-000001")
    assert len((await api.get(f"{PATH}?sales_number=SO-000001")).json()["items"]) == 1


async def test_the_same_order_delivered_twice_is_one(shop: Shop, api: httpx.AsyncClient) -> None:
    outcomes = [(await delivered(api, "order", erp_order(shop)))[0]["outcome"] for _ in range(2)]
    assert outcomes == ["applied", "already"]
    assert len((await api.get(PATH)).json()["items"]) == 1


@pytest.mark.parametrize("missing", ["state", "customer", "currency", "dates"])
async def test_an_order_without_what_makes_it_one_is_rejected(shop: Shop, api: httpx.AsyncClient, missing: str) -> None:
    (outcome,) = await delivered(api, "order", erp_order(shop, **{missing: None}))
    assert (outcome["outcome"], outcome["local_id"]) == ("rejected", None)


@pytest.mark.parametrize("reference", ["customer", "product"])
async def test_an_order_that_refers_to_nothing_is_rejected_alone(
    shop: Shop, api: httpx.AsyncClient, reference: str
) -> None:
    lost = erp_order(shop)
    for group in lost["groups"]:
        if reference == "customer" and group["group"] == "customer":
            group["value"] = str(uuid4())
        if reference == "product" and group["group"].startswith("line:"):
            group["value"] = {**group["value"], "product": str(uuid4())}
    other = {**erp_order(shop), "canonical_id": str(uuid4())}
    refused, taken = await delivered(api, "order", lost, other)
    assert (refused["problem"]["type"], taken["outcome"]) == ("/problems/refers-to-nothing", "applied")


async def test_the_erps_word_holds_whatever_the_state_was(shop: Shop) -> None:
    shown = await shop.entered(submit=True)
    for rev, state in enumerate(reversed(OrderState), start=5):
        assert (await shop.told(shown, rev=rev, state=state.value))["state"] == state


async def test_lines_that_the_erp_changes_adds_and_takes_off_are_taken(shop: Shop) -> None:
    shown = await shop.entered(submit=True)
    (mine,) = shown["lines"]
    value = {"position": 1, "product": mine["product_id"], "quantity": "6", "unit_price": "18", "discount": "0"}
    value |= {"tax_class": "standard", "tax_rate": "0.19"}
    changed = await shop.told(shown, rev=5, **{f"line__{mine['id']}": value})
    assert (changed["net"], changed["lines"][0]["price_from"]) == ("108.00", "list_price")
    added = await shop.told(shown, rev=5, **{f"line__{uuid4()}": {**value, "position": 2, "quantity": "1"}})
    assert [line["quantity"] for line in added["lines"]] == ["6", "1"]
    left = await shop.told(shown, rev=6, **{f"line__{mine['id']}": None})
    assert (left["net"], [line["quantity"] for line in left["lines"]]) == ("18.00", ["1"])


async def test_a_draft_edit_that_the_hub_has_not_seen_is_not_overwritten(shop: Shop, api: httpx.AsyncClient) -> None:
    shown = await shop.entered(notes="Ours")
    item = {**delivery(notes="Theirs", seen_seq=0), "local_id": shown["id"]}
    (outcome,) = await delivered(api, "order", item)
    assert outcome["outcome"] == "skipped"
    assert (await shop.shown(shown["id"]))["notes"] == "Ours"


async def test_sales_sees_how_far_the_other_systems_are(shop: Shop, api: httpx.AsyncClient) -> None:
    shown = await shop.entered(submit=True)
    peers = {"erp": {"state": "waiting", "reason": "customer 1 is not there yet"}}
    await delivered(api, "order", {**delivery(seen_seq=1), "local_id": shown["id"], "peers": peers})
    assert (await shop.shown(shown["id"]))["sync"]["systems"] == {"erp": {**peers["erp"], "fields": []}}


async def test_sales_sees_what_was_shipped_and_came_back(shop: Shop, api: httpx.AsyncClient) -> None:
    order = await shop.entered(submit=True)
    items = [shipment(order, "S-1", "7"), shipment(order, "S-2", "3"), shipment(order, "R-1", "2.5", "return")]
    assert [each["outcome"] for each in await delivered(api, "shipment", *items)] == ["applied"] * 3
    shown = await shop.told(order, state="partly_shipped")
    (line,) = shown["lines"]
    assert (line["quantity"], line["shipped"], line["returned"], line["invoiced"]) == ("12", "10", "2.5", "0")
    assert [(each["number"], each["kind"], each["carrier"]) for each in shown["shipments"]] == [
        ("R-1", "return", "DHL"),
        ("S-1", "shipment", "DHL"),
        ("S-2", "shipment", "DHL"),
    ]
    listed = (await api.get("/v1/shipments", params={"order_id": order["id"], "kind": "return"})).json()["items"]
    assert [each["number"] for each in listed] == ["R-1"]
    assert (await api.get(f"/v1/shipments/{listed[0]['id']}")).json() == listed[0]


async def test_a_shipment_of_nothing_is_rejected(shop: Shop, api: httpx.AsyncClient) -> None:
    order = await shop.entered()
    (outcome,) = await delivered(api, "shipment", shipment({**order, "id": str(uuid4())}, "S-1", "7"))
    assert outcome["problem"]["type"] == "/problems/refers-to-nothing"


async def test_a_shipment_cannot_be_entered_here(api: httpx.AsyncClient) -> None:
    assert (await api.post("/v1/shipments", json={})).status_code == 405


@pytest.mark.parametrize(
    ("settled", "status", "left"),
    [("0", "unpaid", "257.04"), ("57.04", "partly_paid", "200.00"), ("257.04", "paid", "0.00")],
)
async def test_sales_sees_what_is_invoiced_and_paid(
    shop: Shop, sessions: Sessions, settled: str, status: str, left: str
) -> None:
    order = await shop.entered(submit=True)
    before = order["payment"]
    assert (before["status"], before["invoiced"], before["open"], before["invoices"]) == ("unpaid", "0.00", "0.00", [])
    await bill(sessions, order, settled=settled)
    shown = await shop.shown(order["id"])
    assert shown["lines"][0]["invoiced"] == "12"
    payment = shown["payment"]
    assert (payment["status"], payment["invoiced"], payment["open"]) == (status, "257.04", left)
    assert [(each["number"], each["due_on"], each["open"]) for each in payment["invoices"]] == [
        ("INV-1", "2026-04-04", left)
    ]


async def test_what_was_credited_is_not_invoiced(shop: Shop, sessions: Sessions) -> None:
    order = await shop.entered(submit=True)
    await bill(sessions, order, settled="0", credited="2")
    assert (await shop.shown(order["id"]))["lines"][0]["invoiced"] == "10"
