"""Products and their prices as tests need them."""

from typing import Any
from uuid import UUID, uuid4

import httpx
from chassis.testing import item
from erp.catalogue.products.models import Product

CHAI: dict[str, Any] = {
    "name": "Chai",
    "description": "10 boxes x 30 bags",
    "category": "Beverages",
    "sku": "Chai-10",
    "gtin": "4006381333931",
    "units": {"unit": "box", "conversions": [{"unit": "case", "factor": "12"}]},
    "list_price": {"amount": "18", "currency": "EUR"},
    "dimensions": {"weight_kg": "0.5"},
}
CANONICAL = UUID("01900000-0000-7000-8000-00000000000d")


def product(**values: Any) -> Product:
    row = Product.blank()
    row.id = uuid4()
    row.change({"name": "Chai", **values})
    return row


def delivery(canonical_id: UUID = CANONICAL, /, **groups: Any) -> dict[str, Any]:
    return item(canonical_id, **groups)


async def entered(api: httpx.AsyncClient, path: str = "/v1/products", **body: Any) -> dict[str, Any]:
    """What POST answers."""
    answer = await api.post(path, json=body)
    assert answer.status_code == 201, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


async def priced(api: httpx.AsyncClient, product_id: str, amount: str, **terms: Any) -> dict[str, Any]:
    """A price list with these terms and one price."""
    of_price = {name: terms.pop(name) for name in ("min_quantity",) if name in terms}
    listed = await entered(api, "/v1/price-lists", **{"name": f"List {amount}", "currency": "EUR", **terms})
    await entered(api, "/v1/prices", price_list_id=listed["id"], product_id=product_id, amount=amount, **of_price)
    return listed
