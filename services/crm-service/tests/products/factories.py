"""The catalogue as tests need it: what users enter, and what the ERP's deliveries bring."""

from typing import Any
from uuid import UUID

import httpx
from chassis.testing import brought, item

CHAI: dict[str, Any] = {"name": "Chai", "sku": "NW-1", "gtin": "4006381333931", "category": "Beverages"}
CHANG: dict[str, Any] = {"name": "Chang", "sku": "NW-2", "category": "Beverages"}
LISTED = {"amount": "18.00", "currency": "EUR"}
CANONICAL = UUID("01900000-0000-7000-8000-00000000000c")


def numbered(number: int) -> UUID:
    """Another canonical id."""
    return UUID(int=CANONICAL.int + number)


def delivery(canonical_id: UUID = CANONICAL, /, **groups: Any) -> dict[str, Any]:
    return item(canonical_id, **groups)


async def linked_product(api: httpx.AsyncClient, canonical_id: UUID = CANONICAL, /, **groups: Any) -> str:
    """A product of the ERP, by its local id here."""
    return await brought(api, "product", delivery(canonical_id, **{**CHAI, "list_price": LISTED, **groups}))


async def price_list(api: httpx.AsyncClient, number: int, customer: str | None = None, /, **terms: Any) -> str:
    """A price list of the ERP, by its local id here."""
    groups: dict[str, Any] = {"name": f"List {number}", "terms": {"currency": "EUR", **terms}, "customer": customer}
    return await brought(api, "price_list", delivery(numbered(number), **groups))


async def price(api: httpx.AsyncClient, number: int, in_list: str, product: str, amount: str, /, **more: Any) -> str:
    """An entry of a price list, by its local id here."""
    groups: dict[str, Any] = {"price_list": in_list, "product": product, "price": {"amount": amount, **more}}
    return await brought(api, "price", delivery(numbered(number), **groups))
