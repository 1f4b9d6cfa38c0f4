"""From the catalogue to the payment: what CRM and ERP really say to each other about documents, as published."""

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
    assert product["list_price"]["amount"] == "45.6"


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
    assert (invoice["net"], invoice["total"]) == ("513", "548.91")


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
