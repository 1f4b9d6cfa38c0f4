"""Numbers at the edge of what a column holds: refused at every door, or readable wherever they show."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import pytest
from chassis.bounds import OutOfBounds
from chassis.db import Sessions, create_engine, session_factory
from chassis.testing import caller
from chassis.worker import Retries
from erp.finance.balances.handlers import refresh
from erp.sales.orders import commands
from erp.warehouse.stock.handlers import announce
from erp.wiring import SERVICE
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from .factories import a_customer, a_draft, a_product, delivery, line_value

pytestmark = pytest.mark.servers
GREATEST = "999999999999999"
SCOPES = (
    "customers:write products:write prices:read ledger:read ledger:write orders:read orders:write invoices:read "
    "invoices:write payments:read payments:write inventory:read inventory:write"
)
LINE = "01900000-0000-7000-8000-000000000001"
DATES = {"ordered_on": "1996-07-04", "required_on": None}


async def test_a_line_that_comes_to_more_than_can_be_stored_is_refused_by_its_name(
    api: httpx.AsyncClient, session: AsyncSession
) -> None:
    customer_id, product_id = str(await a_customer(session)), str(await a_product(session))
    small = {"product_id": product_id, "quantity": "1", "tax_rate": "0"}
    great = {"product_id": product_id, "quantity": GREATEST, "unit_price": GREATEST, "tax_rate": "0"}
    items = [{"body": {"customer_id": customer_id, "lines": [small, great]}}]
    (result,) = (await api.post("/v1/orders:batch", json={"items": items})).json()["items"]
    assert (result["outcome"], result["problem"]["type"]) == ("refused", "/problems/out-of-bounds")
    assert result["problem"]["field"] == "lines[1]"
    listed = await api.get("/v1/orders")
    assert (listed.status_code, listed.json()["items"]) == (200, [])


async def test_a_delivered_line_that_comes_to_too_much_is_rejected_alone(
    api: httpx.AsyncClient, session: AsyncSession
) -> None:
    customer_id, product_id = str(await a_customer(session)), await a_product(session)
    line = {**line_value(product_id, GREATEST), "unit_price": GREATEST}
    head: dict[str, Any] = {"customer": customer_id, "currency": "EUR", "dates": DATES, "state": "draft"}
    head[f"line__{LINE}"] = line
    item = delivery(**head)
    (outcome,) = (await api.post("/replication/v1/order", json={"items": [item]})).json()["items"]
    assert (outcome["groups"]["state"], outcome["groups"][f"line:{LINE}"]) == ("applied", "rejected")
    assert (outcome["problem"]["type"], outcome["problem"]["field"]) == ("/problems/out-of-bounds", f"line:{LINE}")
    assert (await api.get("/v1/orders")).json()["items"][0]["lines"] == []


async def test_an_order_that_was_stored_before_the_bound_can_be_read_and_mended(
    api: httpx.AsyncClient, session: AsyncSession
) -> None:
    row = await a_draft(session, await a_customer(session), (await a_product(session), 1))
    great = {"great": int(GREATEST), "id": row.id}
    statement = "update order_lines set quantity = :great, unit_price = :great where order_id = :id"
    await session.execute(text(statement), great)
    assert (await api.get("/v1/orders")).status_code == 200
    mended = await api.patch(f"/v1/orders/{row.id}", json={"lines": []}, headers={"If-Match": "*"})
    assert (mended.status_code, mended.json()["total"]) == (200, "0.00")


async def test_a_quantity_wished_for_that_comes_to_too_much_is_not_granted(session: AsyncSession) -> None:
    row = await a_draft(session, await a_customer(session), (await a_product(session), 1))
    wished = {"line_id": str(row.lines[0].id), "quantity": GREATEST}
    row.request = {"id": str(uuid4()), "kind": "change", "reason": None, "lines": [wished]}
    row.state = "submitted"
    await session.flush()
    with pytest.raises(OutOfBounds, match=f"line:{row.lines[0].id}"):
        await commands.grant(session, row.id, "anna")


NUMBERS = st.sampled_from(
    ["0.0001", "1", "3", "99999.9999", "999999", "99999999999.9999", "999999999999", "999999999999999.9999", GREATEST]
)
LISTS = (
    "/v1/orders", "/v1/invoices", "/v1/stock", "/v1/stock-moves", "/v1/back-orders", "/v1/balances",
    "/v1/receivables", "/v1/trial-balance", "/v1/journal-entries", "/v1/payments",
)  # fmt: skip


@dataclass
class Erp:
    """The service for one tenant, on a database of its own."""

    runner: asyncio.Runner
    api: httpx.AsyncClient
    worker: Sessions

    def send(self, path: str, body: Any) -> dict[str, Any] | None:
        """What was accepted, or None; a refusal says why, and is never a failure of the service."""
        answer = self.runner.run(self.api.post(path, json=body))
        assert answer.status_code < 500, (path, body, answer.text)
        found: dict[str, Any] = answer.json()
        return found if answer.is_success else None

    def read(self, path: str) -> None:
        answer = self.runner.run(self.api.get(path))
        assert answer.status_code == 200, (path, answer.text)


@pytest.fixture(scope="module")
def erp(committed: str) -> Iterator[Erp]:
    with asyncio.Runner() as runner:
        app, worker = (create_engine(committed, SERVICE.name, role) for role in ("app", "worker"))
        yield Erp(runner, caller(SERVICE, session_factory(app), SCOPES, uuid4()), session_factory(worker))
        runner.run(app.dispose())
        runner.run(worker.dispose())


@given(st.data())
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_is_accepted_can_be_read_listed_and_summed(erp: Erp, data: st.DataObject) -> None:
    customer = erp.send("/v1/customers", {"name": f"Alfreds {uuid4()}"})
    product = erp.send("/v1/products", {"name": "Chai"})
    assert customer is not None and product is not None
    for _ in range(2):
        goods = {"product_id": product["id"], "quantity": data.draw(NUMBERS), "unit_cost": data.draw(NUMBERS)}
        erp.send("/v1/stock/receipts", goods)
    line = {"product_id": product["id"], "quantity": data.draw(NUMBERS), "unit_price": data.draw(NUMBERS)}
    lines = [{**line, "discount": data.draw(st.sampled_from(["0", "0.5", "1"])), "tax_rate": "1"}] * 2
    order = erp.send("/v1/orders", {"customer_id": customer["id"], "currency": "EUR", "lines": lines})
    if order is not None:
        for step in ("submit", "confirm"):
            erp.send(f"/v1/orders/{order['id']}/{step}", None)
        erp.send(f"/v1/orders/{order['id']}/shipments", {})
        erp.send("/v1/invoices", {"order_id": order["id"]})
    paid = {"customer_id": customer["id"], "amount": data.draw(NUMBERS), "currency": "EUR"}
    erp.send("/v1/payments", paid)
    counted = {"product_id": product["id"], "counted": data.draw(NUMBERS), "reason": "Counted"}
    erp.send("/v1/stock/adjustments", counted)
    erp.runner.run(refresh(erp.worker, Retries()))
    erp.runner.run(announce(erp.worker, Retries()))
    for path in LISTS:
        erp.read(path)
