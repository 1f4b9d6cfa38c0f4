"""Use cases on a real database: rows and events."""

from decimal import Decimal
from typing import Any
from uuid import UUID

import httpx
import orjson
import pytest
from chassis import outbox
from chassis.testing import act_for
from contracts.order import RequestKind
from crm.sales.orders import commands
from crm.sales.orders.events import ORDER
from crm.sales.orders.records import ORDERS
from crm.sales.orders.schemas import NewOrder, OrderBody, OrderLineBody, RequestBody
from records import reads
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from .factories import Shop

pytestmark = pytest.mark.servers


@pytest.fixture
async def shop(api: httpx.AsyncClient, session: AsyncSession) -> Shop:
    made = await Shop.opened(api)
    await act_for(session)
    return made


def seen(_row: object) -> None:
    """The caller has seen the row as it is."""


def body(shop: Shop, **values: Any) -> NewOrder:
    return NewOrder.model_validate(shop.body(**values))


async def events(session: AsyncSession) -> list[dict[str, Any]]:
    await session.flush()
    topic = outbox.OutboxRow.topic == ORDER.topic
    found = await session.scalars(select(outbox.OutboxRow).where(topic).order_by(outbox.OutboxRow.id))
    return [orjson.loads(row.data) for row in found]


def changed(event: dict[str, Any]) -> set[str]:
    return {change["group"] for change in event["changes"]}


async def test_a_new_order_is_announced_with_its_number_and_its_lines(session: AsyncSession, shop: Shop) -> None:
    row = await commands.create(session, body(shop), "anna")
    (event,) = await events(session)
    line = f"line:{row.lines[0].id}"
    assert changed(event) == {"state", "customer", "currency", "dates", "sales_number", line, "life"}
    assert event["snapshot"]["sales_number"] == "SO-000001"
    assert event["snapshot"]["customer"] == shop.customer
    assert event["snapshot"][line] == {
        "position": 1,
        "product": shop.products["Chai"],
        "description": None,
        "quantity": "12",
        "unit_price": "18.00",
        "discount": "0",
        "tax_class": "standard",
        "tax_rate": "0.19",
    }


async def test_an_order_that_is_submitted_at_once_is_one_event(session: AsyncSession, shop: Shop) -> None:
    row = await commands.enter(session, body(shop, submit=True), "anna")
    (event,) = await events(session)
    assert event["snapshot"]["state"] == "submitted"
    assert row.submitted_at is not None
    assert event["snapshot"]["submitted_at"] == row.submitted_at.isoformat().replace("+00:00", "Z")


async def test_what_a_quote_says_is_taken_as_it_is(session: AsyncSession, shop: Shop) -> None:
    line = OrderLineBody(
        product_id=UUID(shop.products["Tofu"]),
        description="Tofu, as quoted",
        quantity=Decimal(3),
        unit_price=Decimal("21.1250"),
        discount=Decimal("0.1"),
        tax_rate=Decimal("0.07"),
    )
    quoted = OrderBody(customer_id=UUID(shop.customer), currency="EUR", lines=[line])
    row = await commands.create(session, quoted, "anna")
    assert (row.net, row.tax, row.total) == (Decimal("57.04"), Decimal("3.99"), Decimal("61.03"))
    submitted = await commands.submit(session, row.id, "anna")
    assert submitted.state == "submitted"


async def test_a_change_announces_only_the_lines_that_changed(session: AsyncSession, shop: Shop) -> None:
    two = [{"product_id": shop.products[name], "quantity": "12"} for name in ("Chai", "Tofu")]
    row = await commands.create(session, body(shop, lines=two), "anna")
    chai, tofu = row.lines
    lines = commands.written(row)["lines"]
    lines[1]["quantity"] = "6"
    await commands.change(session, row.id, {"lines": lines}, "bert", seen)
    event = (await events(session))[-1]
    assert changed(event) == {f"line:{tofu.id}", "life"}
    await commands.change(session, row.id, {"lines": lines[:1]}, "bert", seen)
    event = (await events(session))[-1]
    assert [(each["group"], each["new"]) for each in event["changes"]] == [(f"line:{tofu.id}", None), ("life", "live")]
    found = await reads.by_id(session, ORDERS, row.id)
    assert [line.id for line in found.lines] == [chai.id]


async def test_a_change_that_changes_nothing_is_not_announced(session: AsyncSession, shop: Shop) -> None:
    row = await commands.create(session, body(shop), "anna")
    await commands.change(session, row.id, commands.written(row), "bert", seen)
    assert row.version == 1
    assert len(await events(session)) == 1


async def test_a_request_and_a_cancellation_are_announced(session: AsyncSession, shop: Shop) -> None:
    row = await commands.enter(session, body(shop, submit=True), "anna")
    await commands.ask(session, row.id, RequestBody(kind=RequestKind.CANCEL, reason="Too late"), "anna")
    await commands.cancel(session, row.id, "Ordered twice", "anna")
    asked, cancelled = (await events(session))[1:]
    assert changed(asked) == {"request", "life"}
    assert changed(cancelled) == {"state", "reason", "life"}


async def test_numbers_go_on(session: AsyncSession, shop: Shop) -> None:
    made = [await commands.create(session, body(shop), "anna") for _ in range(3)]
    assert [row.sales_number for row in made] == ["SO-000001", "SO-000002", "SO-000003"]
