"""Batches of shipments, invoices and payments: what items share is read once, and what they write goes out together."""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any
from uuid import UUID

import httpx
import pytest
from erp.catalogue.products.records import PRODUCTS
from erp.catalogue.products.schemas import ProductBody
from erp.ledger import commands as ledger
from erp.ledger.schemas import CompanyBody
from erp.sales.orders import commands as orders
from erp.sales.orders.schemas import OrderBody
from erp.warehouse.stock import commands as inventory
from records import writes
from sqlalchemy import Engine, event
from sqlalchemy.ext.asyncio import AsyncSession

from ..stock.invariants import broken
from .factories import COMPANY, DAY, a_customer

pytestmark = pytest.mark.servers
MOST_MORE_EACH = 2
"""Statements that one item more may add: its number, and a lock of its own."""


@contextmanager
def counted() -> Iterator[list[str]]:
    """The statements that are sent to the database meanwhile."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        sent.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    yield sent
    event.remove(Engine, "before_cursor_execute", note)


async def confirmed(session: AsyncSession, number: int) -> list[str]:
    """Orders of two customers for goods of two products, with all that they want set aside."""
    await ledger.write_company(session, CompanyBody.model_validate(COMPANY), lambda _: None)
    customers = [await a_customer(session, name) for name in ("Alfreds", "Bólido")]
    goods = []
    for name in ("Chai", "Chang"):
        body: dict[str, Any] = {"name": name, "list_price": {"amount": "119", "currency": "EUR"}}
        goods.append((await writes.create(session, PRODUCTS, ProductBody.model_validate(body), "anna")).id)
        await inventory.receive(session, goods[-1], Decimal(100), Decimal(10), actor="anna")
    made = []
    for each in range(number):
        lines = [{"product_id": product, "quantity": "1", "tax_rate": "0"} for product in goods]
        order: dict[str, Any] = {
            "customer_id": customers[each % 2],
            "currency": "EUR",
            "ordered_on": DAY,
            "lines": lines,
        }
        row = await orders.create(session, OrderBody.model_validate({**order, "lines": lines}), "anna")
        await orders.submit(session, row.id, "anna")
        await orders.confirm(session, row.id, "anna")
        made.append(str(row.id))
    await session.commit()
    return made


async def batch(api: httpx.AsyncClient, path: str, items: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], int]:
    """The results of a batch, and how many statements it took."""
    with counted() as sent:
        answer = await api.post(path, json={"items": items}, headers={"Idempotency-Key": path + str(len(items))})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found, len(sent)


async def paid(api: httpx.AsyncClient) -> list[dict[str, Any]]:
    """Payments of all invoices, each of which it names."""
    found = (await api.get("/v1/invoices?sort=number&limit=200")).json()["items"]
    fields = ("customer_id", "currency")
    return [
        {"body": {**{name: each[name] for name in fields}, "amount": each["total"], "reference": each["number"]}}
        for each in found
    ]


async def test_an_item_more_costs_hardly_a_statement_more(api: httpx.AsyncClient, session: AsyncSession) -> None:
    made = await confirmed(session, 12)
    few, many = made[:2], made[2:]
    for path, bodies in (
        ("/v1/shipments:batch", [[{"order_id": each} for each in some] for some in (few, many)]),
        ("/v1/invoices:batch", [[{"body": {"order_id": each}} for each in some] for some in (few, many)]),
    ):
        (_, of_few), (found, of_many) = [await batch(api, path, items) for items in bodies]
        assert {each["outcome"] for each in found} <= {"shipped", "created"}, found
        assert of_many - of_few <= MOST_MORE_EACH * (len(many) - len(few)), (path, of_few, of_many)
    payments = await paid(api)
    (_, of_few), (found, of_many) = (
        await batch(api, "/v1/payments:batch", payments[:2]),
        await batch(api, "/v1/payments:batch", payments[2:]),
    )
    assert {each["outcome"] for each in found} == {"created"}, found
    assert of_many - of_few <= MOST_MORE_EACH * (len(many) - len(few)), (of_few, of_many)
    assert {each["state"] for each in (await api.get("/v1/invoices?limit=200")).json()["items"]} == {"paid"}
    assert {each["state"] for each in (await api.get("/v1/orders?limit=200")).json()["items"]} == {"closed"}
    assert await broken(session) == []


async def test_a_refused_item_changes_nothing_of_what_the_others_come_to(
    api: httpx.AsyncClient, session: AsyncSession
) -> None:
    first, second, third = await confirmed(session, 3)
    nobody = str(UUID(int=7))
    found, _ = await batch(api, "/v1/shipments:batch", [{"order_id": each} for each in (first, nobody, first, second)])
    assert [each["outcome"] for each in found] == ["shipped", "refused", "refused", "shipped"]
    assert [each["number"] for each in found if each["outcome"] == "shipped"] == ["S-000001", "S-000002"]
    invoices = [{"body": {"order_id": each}} for each in (first, third, second, first)]
    found, _ = await batch(api, "/v1/invoices:batch", invoices)
    assert [each["outcome"] for each in found] == ["created", "refused", "created", "refused"]
    one, two = await paid(api)
    again = {"body": {**one["body"], "amount": "1"}}
    found, _ = await batch(api, "/v1/payments:batch", [one, again, two, {"body": {"amount": "-1"}}])
    assert [each["outcome"] for each in found] == ["created", "refused", "created", "refused"]
    assert found[1]["problem"]["type"].endswith("payment-known")
    assert found[1]["problem"]["id"] == found[0]["id"]
    states = {each["id"]: each["state"] for each in (await api.get("/v1/orders?limit=200")).json()["items"]}
    assert [states[each] for each in (first, second, third)] == ["closed", "closed", "confirmed"]
    assert await broken(session) == []
