"""Receivables as tests need them: documents as the ERP delivers them."""

from decimal import Decimal
from typing import Any
from uuid import UUID

import httpx
from chassis.testing import brought, item

CANONICAL = UUID("01900000-0000-7000-8000-00000000d000")
ORDER_LINE = UUID("01900000-0000-7000-8000-0000000000ee")
ON = "2026-06-30"


def numbered(number: int) -> UUID:
    """Another canonical id."""
    return UUID(int=CANONICAL.int + number)


def delivery(canonical_id: UUID = CANONICAL, /, **groups: Any) -> dict[str, Any]:
    return item(canonical_id, **groups)


async def customer(api: httpx.AsyncClient, name: str = "Alfreds", **values: Any) -> str:
    answer = await api.post("/v1/customers", json={"name": name, **values})
    return str(answer.json()["id"])


def euros(amount: str) -> str:
    """An amount with the decimals of its currency."""
    return f"{Decimal(amount):.2f}"


def document(number: int, total: str, **values: Any) -> dict[str, Any]:
    """What stands on an invoice or a credit note; the tax is left out of it."""
    usual = {"number": f"2026-{number:06}", "issued_on": "2026-01-01", "due_on": "2026-01-31", "currency": "EUR"}
    amounts = {"net": euros(total), "tax": euros("0")}
    return {**usual, **amounts, "total": euros(total), "taxes": [{"rate": "0", **amounts}], **values}


def line(net: str, order_line: UUID | None = ORDER_LINE, **values: Any) -> dict[str, Any]:
    usual = {"description": "Chai", "quantity": "2", "unit_price": "50.00", "discount": "0", "tax_rate": "0"}
    return {"order_line_id": str(order_line) if order_line else None, **usual, "net": euros(net), **values}


def settlement(total: str, settled: str = "0", level: int = 0) -> dict[str, Any]:
    """How far an invoice of whole amounts is paid."""
    left = int(total) - int(settled)
    state = "paid" if left == 0 else "open" if settled == "0" else "partly_paid"
    return {"state": state, "settled": euros(settled), "open": euros(str(left)), "dunning_level": level}


async def invoice(
    api: httpx.AsyncClient, number: int, customer_id: str, total: str = "100", settled: str = "0", /, **values: Any
) -> str:
    """An invoice of the ERP, by its local id here; `values` are those of the document."""
    groups: dict[str, Any] = {
        "customer": customer_id,
        "document": document(number, total, **values),
        "lines": [line(total)],
        "settlement": settlement(total, settled),
    }
    return await brought(api, "invoice", delivery(numbered(number), **groups))


async def balance(api: httpx.AsyncClient, number: int, customer_id: str, /, **values: Any) -> str:
    """What the ERP says of a customer's account."""
    credit = {"credit_limit": "500", "credit_left": "400", "blocked": False}
    usual = {"currency": "EUR", "open": "100", "on_order": "0", **credit}
    groups: dict[str, Any] = {"customer": customer_id, "balance": {**usual, **values}}
    return await brought(api, "balance", delivery(numbered(number), **groups))


def payment(customer_id: str | None, **values: Any) -> dict[str, Any]:
    """A payment as sales writes it."""
    usual = {"amount": "119.00", "currency": "EUR", "received_on": "2026-06-01", "reference": "BANK 4711"}
    return {"customer_id": customer_id, **usual, **values}


def paid(**values: Any) -> dict[str, Any]:
    """The group `payment`, as the ERP delivers it."""
    return {"amount": "119.00", "currency": "EUR", "direction": "in", "received_on": "2026-06-01", **values}
