"""Batches of documents: shipments, invoices and payments, as many a second as the ERP writes, and what each costs.

The ERP's own HTTP application in this process, on a PostgreSQL of its own with fsync on; each batch is one request.
"""

import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import asdict, dataclass
from typing import Any
from uuid import uuid4

import httpx
from chassis.db import create_engine, session_factory
from chassis.testing import caller
from erp.wiring import SERVICE
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine
from stack.keys import SCOPES

from . import show

BATCH = 200
CUSTOMERS = 20
PRODUCTS = 40
LINES = 3


@dataclass(frozen=True)
class Found:
    """Of one kind of documents: how many, in how many seconds, by how many statements."""

    items: int
    seconds: float
    statements: int


async def run(address: str, documents: int) -> None:
    """Measure on a migrated, empty database of the ERP, and print what was found. Raise when an item is refused."""
    engine = create_engine(address, SERVICE.name, "app")
    found: dict[str, Found] = {}
    async with _office(engine) as client:
        orders = await _confirmed(client, documents)
        with _measured(engine, "shipments", found, documents):
            await _batches(client, "/v1/shipments:batch", [{"order_id": each} for each in orders])
        with _measured(engine, "invoices", found, documents):
            await _batches(client, "/v1/invoices:batch", [{"body": {"order_id": each}} for each in orders])
        payments = [_payment(each) for each in await _all(client, "/v1/invoices")]
        with _measured(engine, "payments", found, documents):
            await _batches(client, "/v1/payments:batch", payments)
        paid = Counter(each["state"] for each in await _all(client, "/v1/invoices"))
    await engine.dispose()
    if paid != {"paid": documents}:
        raise RuntimeError(f"not every invoice is paid: {dict(paid)}")
    rows = [
        (name, f"{each.items / each.seconds:.0f}", f"{each.statements / each.items:.1f}")
        for name, each in found.items()
    ]
    columns = ("", "a second", "statements each")
    raw = {name: asdict(each) for name, each in found.items()}
    show.table(f"Batches of {BATCH} documents, orders of {LINES} lines", columns, rows, raw=raw)


@asynccontextmanager
async def _office(engine: AsyncEngine) -> AsyncIterator[httpx.AsyncClient]:
    async with caller(SERVICE, session_factory(engine), " ".join(SCOPES), uuid4()) as client:
        client.timeout = httpx.Timeout(300)
        yield client


async def _confirmed(client: httpx.AsyncClient, number: int) -> list[str]:
    """Orders that are confirmed, with all of their goods set aside."""
    company = {"name": "Bench", "country": "DE", "currency": "EUR", "tax_id": "DE136695976"}
    address = {"lines": ["Hafenstr. 1"], "postal_code": "28195", "city": "Bremen", "country": "DE"}
    await _call(client, "PUT", "/v1/company", {**company, "address": address}, **{"If-Match": "*"})
    customers = [
        (await _call(client, "POST", "/v1/customers", {"name": f"Customer {n}"}))["id"] for n in range(CUSTOMERS)
    ]
    price = {"amount": "18.00", "currency": "EUR"}
    products = []
    for each in range(PRODUCTS):
        made = await _call(client, "POST", "/v1/products", {"name": f"Product {each}", "list_price": price})
        receipt = {"product_id": made["id"], "quantity": "100000", "unit_cost": "10.00"}
        await _call(client, "POST", "/v1/stock/receipts", receipt)
        products.append(made["id"])
    orders = []
    for each in range(number):
        chosen = [products[(each * LINES + line) % PRODUCTS] for line in range(LINES)]
        lines = [{"product_id": product, "quantity": "3", "tax_rate": "0.19"} for product in chosen]
        body = {"customer_id": customers[each % CUSTOMERS], "currency": "EUR", "lines": lines}
        made = await _call(client, "POST", "/v1/orders", body)
        await _call(client, "POST", f"/v1/orders/{made['id']}/submit")
        await _call(client, "POST", f"/v1/orders/{made['id']}/confirm")
        orders.append(made["id"])
    return orders


def _payment(invoice: dict[str, Any]) -> dict[str, Any]:
    """What a bank says of a transfer that names the invoice."""
    return {
        "body": {
            "customer_id": invoice["customer_id"],
            "amount": invoice["total"],
            "currency": invoice["currency"],
            "reference": f"Transfer {invoice['number']}",
            "note": invoice["number"],
        }
    }


@contextmanager
def _measured(engine: AsyncEngine, name: str, found: dict[str, Found], items: int) -> Iterator[None]:
    statements = 0

    def count(*_: object) -> None:
        nonlocal statements
        statements += 1

    event.listen(engine.sync_engine, "before_cursor_execute", count)
    began = time.perf_counter()
    yield
    found[name] = Found(items, time.perf_counter() - began, statements)
    event.remove(engine.sync_engine, "before_cursor_execute", count)


async def _batches(client: httpx.AsyncClient, path: str, items: list[dict[str, Any]]) -> None:
    for start in range(0, len(items), BATCH):
        key = {"Idempotency-Key": str(uuid4())}
        answer = await _call(client, "POST", path, {"items": items[start : start + BATCH]}, **key)
        if refused := [each for each in answer["items"] if each["outcome"] == "refused"]:
            raise RuntimeError(f"{path} refused {refused[0]}")


async def _call(client: httpx.AsyncClient, method: str, path: str, body: Any = None, **headers: str) -> dict[str, Any]:
    answer = await client.request(method, path, json=body, headers=headers)
    if not answer.is_success:
        raise RuntimeError(f"{method} {path} answered {answer.status_code}: {answer.text}")
    found: dict[str, Any] = answer.json()
    return found


async def _all(client: httpx.AsyncClient, path: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    following: str | None = f"{path}?limit=200&sort=number"
    while following:
        page = await _call(client, "GET", following)
        items += page["items"]
        following = page.get("next")
    return items
