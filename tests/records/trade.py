"""Rows of the ERP that nobody enters: they follow from what is bought, ordered, shipped and posted."""

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .examples import Maker

COMPANY = {
    "name": "Northwind Traders GmbH",
    "address": {"lines": ["Hauptstr. 1"], "city": "Berlin", "country": "DE"},
    "country": "DE",
    "tax_id": "DE136695976",
}


async def received(maker: "Maker", number: int) -> str:
    """The move of a receipt."""
    product_id = await maker.id_of("product", number)
    return str((await _receive(maker, product_id, number))["id"])


async def in_stock(maker: "Maker", number: int) -> str:
    """The product that lies in stock."""
    product_id = await maker.id_of("product", number)
    await _receive(maker, product_id, number)
    return product_id


async def reserved(maker: "Maker", number: int) -> str:
    """The line that goods lie ready for."""
    order = await _confirmed(maker, number, stocked=True)
    return str(order["lines"][0]["id"])


async def back_ordered(maker: "Maker", number: int) -> str:
    """The line that waits for goods."""
    order = await _confirmed(maker, number, stocked=False)
    return str(order["lines"][0]["id"])


async def shipped(maker: "Maker", number: int) -> str:
    """The shipment of a whole order."""
    order = await _confirmed(maker, number, stocked=True)
    return str((await maker.post(f"/v1/orders/{order['id']}/shipments", {}))["id"])


async def to_invoice(maker: "Maker", number: int) -> str:
    """The order that is shipped and not billed."""
    await maker.put("/v1/company", COMPANY)
    order = await _confirmed(maker, number, stocked=True)
    await maker.post(f"/v1/orders/{order['id']}/shipments", {})
    return str(order["id"])


async def posted(maker: "Maker", number: int) -> str:
    """The entry that somebody writes into the journal."""
    first, second, *_ = (await maker.get("/v1/accounts"))["items"]
    amount, party = f"{number + 1}.00", await maker.id_of("customer", number)
    debit = {"account_id": first["id"], "debit": amount, "party_id": party}
    credit = {"account_id": second["id"], "credit": amount, "party_id": party}
    entry = {"posted_on": f"2026-11-{number + 1:02}", "text": "Example", "currency": "EUR", "lines": [debit, credit]}
    return str((await maker.post("/v1/journal-entries", entry))["id"])


async def _receive(maker: "Maker", product_id: str, number: int) -> dict[str, Any]:
    return await maker.post(
        "/v1/stock/receipts", {"product_id": product_id, "quantity": str(100 + number), "unit_cost": "7.35"}
    )


async def _confirmed(maker: "Maker", number: int, stocked: bool) -> dict[str, Any]:
    order = await maker.make("order", number)
    if stocked:
        await _receive(maker, order["lines"][0]["product_id"], number)
    await maker.post(f"/v1/orders/{order['id']}/submit")
    return await maker.post(f"/v1/orders/{order['id']}/confirm")


FOLLOWING: Mapping[str, Callable[["Maker", int], Awaitable[str]]] = {
    "erp-entry": posted,
    "erp-move": received,
    "erp-stock_level": in_stock,
    "erp-reservation": reserved,
    "erp-back_order": back_ordered,
    "erp-shipment": shipped,
}
"""What makes a row, by record: the answer is its key."""
