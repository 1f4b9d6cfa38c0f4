"""Orders as tests need them."""

from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import httpx
from chassis.testing import delivered, item
from crm.sales.orders.models import Order, OrderLine

CANONICAL = UUID("01900000-0000-7000-8000-0000000000aa")
PRODUCT = UUID("01900000-0000-7000-8000-0000000000bb")
CUSTOMER = UUID("01900000-0000-7000-8000-0000000000cc")
PATH = "/v1/orders"
PORT = "/replication/v1/order"


def line(**values: Any) -> OrderLine:
    given = {
        "id": uuid4(),
        "position": 1,
        "product_id": PRODUCT,
        "description": None,
        "quantity": Decimal(12),
        "unit_price": Decimal("9.80"),
        "discount": Decimal("0.05"),
        "tax_class": "standard",
        "tax_rate": Decimal("0.19"),
        "price_from": "entered",
        "tax_from": "declared",
    }
    return OrderLine(**{**given, **values})


def order(**values: Any) -> Order:
    """A draft with one line."""
    row = Order.blank()
    row.id = uuid4()
    row.lines = [line()]
    row.change({"customer_id": CUSTOMER, "currency": "EUR", **values})
    return row


def delivery(canonical_id: UUID = CANONICAL, /, **groups: Any) -> dict[str, Any]:
    return item(canonical_id, **groups)


class Shop:
    """A customer, products with prices of the ERP, and what sales does with them."""

    def __init__(self, api: httpx.AsyncClient) -> None:
        self.api = api
        self.customer = ""
        self.products: dict[str, str] = {}

    @classmethod
    async def opened(cls, api: httpx.AsyncClient) -> "Shop":
        """Alfreds of Berlin, who orders in euros; Chai (SKU 1, 18 EUR) and Tofu (SKU 14, 23.25 EUR); 19 % in DE."""
        shop = cls(api)
        address = {"lines": ["Obere Str. 57"], "city": "Berlin", "country": "DE"}
        body = {"name": "Alfreds Futterkiste", "currency": "EUR", "segment": "retail", "billing_address": address}
        shop.customer = (await api.post("/v1/customers", json=body)).json()["id"]
        for name, sku, amount in (("Chai", "1", "18"), ("Tofu", "14", "23.25")):
            price = {"amount": amount, "currency": "EUR"}
            (made,) = await delivered(api, "product", delivery(uuid4(), name=name, sku=sku, list_price=price))
            shop.products[name] = made["local_id"]
        await shop.declare(country="DE", tax_class="standard", rate="0.19")
        return shop

    async def declare(self, **rate: str) -> None:
        await delivered(self.api, "tax_rate", delivery(uuid4(), tax_rate=rate))

    async def list_price(self, product: str, amount: str, **terms: Any) -> str:
        """A price list of the ERP with one price; its id here."""
        given = {"currency": "EUR", **terms}
        (listed,) = await delivered(self.api, "price_list", delivery(uuid4(), name="Retail", terms=given))
        entry = {"price_list": listed["local_id"], "product": self.products[product], "price": {"amount": amount}}
        await delivered(self.api, "price", delivery(uuid4(), **entry))
        return str(listed["local_id"])

    def body(self, **values: Any) -> dict[str, Any]:
        lines = [{"product_id": self.products["Chai"], "quantity": "12"}]
        return {"customer_id": self.customer, "ordered_on": "2026-03-01", "lines": lines, **values}

    async def entered(self, **values: Any) -> dict[str, Any]:
        answer = await self.api.post(PATH, json=self.body(**values))
        assert answer.status_code == 201, answer.text
        shown: dict[str, Any] = answer.json()
        return shown

    async def shown(self, order_id: str) -> dict[str, Any]:
        found: dict[str, Any] = (await self.api.get(f"{PATH}/{order_id}")).json()
        return found

    async def told(self, order: dict[str, Any], *, rev: int = 5, **groups: Any) -> dict[str, Any]:
        """The ERP's word about an order, by the hub; the order as it is then."""
        item = {**delivery(rev=rev, seen_seq=100, **groups), "local_id": order["id"]}
        (outcome,) = await delivered(self.api, "order", item)
        assert outcome["outcome"] == "applied", outcome
        return await self.shown(order["id"])
