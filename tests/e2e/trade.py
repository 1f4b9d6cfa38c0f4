"""What people do on the way from quote to cash, in few words."""

import uuid
from typing import Any

from .clients import Body, Company, Office
from .waiting import eventually

PRICE = "18.00"


def a_product(company: Company, *, stock: str | None = "1000", **values: Any) -> tuple[Body, Body]:
    """A product of the ERP with its stock, as the CRM and the ERP have it."""
    body: Body = {
        "sku": f"SKU-{uuid.uuid4().hex[:8]}",
        "name": "Chai",
        "list_price": {"amount": PRICE, "currency": "EUR"},
        **values,
    }
    made = company.erp.create("product", **body)
    if stock is not None:
        receive(company, made["id"], stock)
    return company.both("product", made, by=company.erp)


def receive(company: Company, product_id: str, quantity: str) -> None:
    """Goods have come into the ERP's warehouse."""
    company.erp.post("/v1/stock/receipts", {"product_id": product_id, "quantity": quantity, "unit_cost": "10.00"})


def an_order(office: Office, customer_id: str, product_id: str, quantity: str = "10", **values: Any) -> Body:
    """An order of one line."""
    lines = [{"product_id": product_id, "quantity": quantity}]
    body: Body = {"customer_id": customer_id, "currency": "EUR", "lines": lines, **values}
    return office.create("order", **body)


def in_state(office: Office, order_id: str, state: str, limit_seconds: float = 30.0) -> Body:
    """The order, as soon as it is in this state."""

    def look() -> Body:
        order = office.read("order", order_id)
        assert order["state"] == state, f"the {office.name} shows {order['state']}: {order.get('reason')}"
        return order

    return eventually(look, limit_seconds)
