"""From the catalogue to the payment: what CRM and ERP really say to each other about documents, as published."""

from decimal import Decimal
from typing import Any

import pytest

from .wire import System, exchange

pytestmark = pytest.mark.servers

ALFREDS: dict[str, Any] = {
    "name": "Alfreds Futterkiste",
    "kind": "company",
    "currency": "EUR",
    "shipping_address": {"lines": ["Obere Str. 57"], "postal_code": "12209", "city": "Berlin", "country": "DE"},
}
NORTHWIND: dict[str, Any] = {
    "name": "Northwind",
    "address": {"city": "Berlin", "country": "DE"},
    "country": "DE",
    "tax_id": "DE136695976",
}
SAUERKRAUT: dict[str, Any] = {
    "name": "Rössle Sauerkraut",
    "sku": "NW-028",
    "gtin": "4006381333931",
    "category": "Produce",
    "tax_class": "reduced",
    "units": {"unit": "can", "conversions": [{"unit": "case", "factor": "25"}]},
    "list_price": {"amount": "45.60", "currency": "EUR"},
}
TAKEN = {"applied", "already", "skipped"}


def plain(line: dict[str, Any]) -> dict[str, Any]:
    """A line of an entry, its amounts as numbers."""
    return {**line, **{side: Decimal(line[side]) for side in ("debit", "credit")}}


class Trade:
    """An order for 15 cans at 25 % off, from its entry in the CRM on."""

    def __init__(self, systems: dict[str, System]) -> None:
        self.systems = systems
        self.crm, self.erp = systems["crm"], systems["erp"]

    async def settle(self) -> None:
        assert set(await exchange(self.systems)) <= TAKEN

    async def prepare(self) -> None:
        await self.erp.put("/v1/company", NORTHWIND)
        product = await self.erp.post("/v1/products", SAUERKRAUT)
        await self.erp.post("/v1/tax-rates", {"country": "DE", "tax_class": "reduced", "rate": "0.07"})
        await self.erp.post("/v1/stock/receipts", {"product_id": product["id"], "quantity": "40", "unit_cost": "20"})
        await self.crm.post("/v1/customers", ALFREDS)
        await self.settle()

    async def submit(self) -> str:
        customer, product = await self.crm.only("/v1/customers"), await self.crm.only("/v1/products")
        line = {"product_id": product["id"], "quantity": "15", "discount": "0.25"}
        entered = {"customer_id": customer["id"], "ordered_on": "1997-08-25", "lines": [line], "submit": True}
        order = await self.crm.post("/v1/orders", entered)
        await self.settle()
        return str(order["id"])


@pytest.fixture
async def trade(systems: dict[str, System]) -> Trade:
    trade = Trade(systems)
    await trade.prepare()
    return trade


async def test_what_the_erp_sells_can_be_sold_in_the_crm(trade: Trade) -> None:
    product = await trade.crm.only("/v1/products")
    assert (product["sku"], product["tax_class"], product["units"]["unit"]) == ("NW-028", "reduced", "can")
    assert product["list_price"]["amount"] == "45.60"


async def test_an_order_goes_to_the_erp_and_comes_back_confirmed_shipped_and_invoiced(trade: Trade) -> None:
    await trade.submit()
    theirs = await trade.erp.only("/v1/orders")
    assert (theirs["state"], theirs["ordered_on"]) == ("submitted", "1997-08-25")
    await trade.erp.post(f"/v1/orders/{theirs['id']}/confirm")
    await trade.settle()
    ours = await trade.crm.only("/v1/orders")
    assert (ours["state"], ours["number"]) == ("confirmed", (await trade.erp.only("/v1/orders"))["number"])

    await trade.erp.post(f"/v1/orders/{theirs['id']}/shipments", {"shipped_on": "1997-09-02"})
    await trade.settle()
    assert (await trade.crm.only("/v1/orders"))["state"] == "shipped"
    (shipment,) = (await trade.erp.get("/v1/shipments"))["items"]

    await trade.erp.post("/v1/invoices", {"shipment_ids": [shipment["id"]], "issued_on": "1997-09-02"})
    await trade.settle()
    assert (await trade.crm.only("/v1/orders"))["state"] == "invoiced"
    invoice = await trade.crm.only("/v1/invoices")
    assert (invoice["net"], invoice["total"]) == ("513.00", "548.91")


async def test_events_carry_the_totals_and_numbers_that_the_apis_show(trade: Trade) -> None:
    await trade.submit()
    await trade.erp.post(f"/v1/orders/{(await trade.erp.only('/v1/orders'))['id']}/confirm")
    await trade.settle()
    for system in (trade.crm, trade.erp):
        order = await system.only("/v1/orders")
        *_, event = await system.events(f"{system.service.name}.order.v1")
        assert event["shown"] == {"net": "513.00", "tax": "35.91", "total": "548.91"}
        assert (event["snapshot"]["number"], event["canonical_id"]) == (order["number"], order["canonical_id"])
    customer = await trade.erp.only("/v1/customers")
    told = await trade.erp.events("erp.customer.v1")
    assert [event["shown"] for event in told] == [{"number": customer["number"]}] * len(told)
    assert (await trade.erp.events("erp.product.v1"))[-1]["snapshot"]["sku"] == "NW-028"


async def test_each_stock_move_and_journal_entry_is_announced_once_as_the_api_shows_it(trade: Trade) -> None:
    await trade.submit()
    order = f"/v1/orders/{(await trade.erp.only('/v1/orders'))['id']}"
    await trade.erp.post(f"{order}/confirm")
    shipped = await trade.erp.post(f"{order}/shipments", {"shipped_on": "1997-09-02"})
    await trade.erp.post("/v1/invoices", {"shipment_ids": [shipped["id"]], "issued_on": "1997-09-02"})
    await trade.settle()
    moves = {each["id"]: each for each in (await trade.erp.get("/v1/stock-moves"))["items"]}
    told = await trade.erp.events("erp.stock_move.v1")
    assert sorted(event["local_id"] for event in told) == sorted(moves)
    for event in told:
        shown = moves[event["local_id"]]
        names = ("kind", "warehouse_id", "moved_on", "source_kind", "source_id")
        assert {name: event["snapshot"][name] for name in names} == {name: shown[name] for name in names}
        for name in ("quantity", "value", "unit_cost"):  # Events have no zeros at the end of an amount.
            assert Decimal(event["snapshot"][name]) == Decimal(shown[name])
        assert (event["seq"], event["snapshot"]["product"]) == (1, shown["product_id"])
    entries = {each["id"]: each for each in (await trade.erp.get("/v1/journal-entries"))["items"]}
    told = await trade.erp.events("erp.journal_entry.v1")
    assert sorted(event["local_id"] for event in told) == sorted(entries)
    assert {event["snapshot"]["rule"] for event in told} == {"receipt", "issue", "invoice"}
    for event in told:
        shown = entries[event["local_id"]]
        lines = [
            {name: value for name, value in line.items() if name != "account"} for line in event["snapshot"]["lines"]
        ]
        assert [plain(line) for line in lines] == [plain(line) for line in shown["lines"]]
        assert event["snapshot"]["posted_on"] == shown["posted_on"]


@pytest.mark.parametrize(("author", "holder"), [("crm", "erp"), ("erp", "crm")])
async def test_events_of_both_sides_are_joined_by_the_canonical_id(
    systems: dict[str, System], author: str, holder: str
) -> None:
    await systems[author].post("/v1/customers", ALFREDS)
    await exchange(systems)
    (_, linked), (copied,) = [await systems[name].events(f"{name}.customer.v1") for name in (author, holder)]
    assert (linked["origin"], linked["seq"], linked["changes"]) == ("gateway", 2, [])
    assert linked["canonical_id"] == copied["canonical_id"] is not None
    sync = (await systems[author].only("/v1/customers"))["sync"]
    assert (sync["state"], await exchange(systems)) == ("in_step", [])


async def test_a_product_and_an_order_that_sales_enters_are_the_erps_too(trade: Trade) -> None:
    await trade.crm.post("/v1/products", {"name": "Tasting", "product_kind": "service", "tax_class": "reduced"})
    await trade.settle()
    names = {p["name"]: p["product_kind"] for p in (await trade.erp.get("/v1/products"))["items"]}
    assert names == {"Rössle Sauerkraut": "goods", "Tasting": "service"}


async def test_a_cancelled_draft_is_cancelled_on_both_sides(trade: Trade) -> None:
    order = await trade.submit()
    await trade.crm.post(f"/v1/orders/{order}/cancel", {"reason": "Changed their mind."})
    await trade.settle()
    assert (await trade.erp.only("/v1/orders"))["state"] == "cancelled"


async def test_a_payment_that_sales_registers_is_in_the_erp(trade: Trade) -> None:
    customer = await trade.crm.only("/v1/customers")
    paid = {"customer_id": customer["id"], "amount": "548.91", "currency": "EUR", "reference": "NTRF 42"}
    await trade.crm.post("/v1/payments", {**paid, "received_on": "1997-09-26"})
    await trade.settle()
    theirs = await trade.erp.only("/v1/payments")
    assert (theirs["reference"], theirs["amount"]) == ("NTRF 42", "548.91")
