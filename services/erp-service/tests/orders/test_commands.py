"""Use cases on a real database: rows, stock and events."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from chassis import outbox
from chassis.errors import Conflict
from contracts.order import OrderReason
from erp.catalogue.products.records import PRODUCTS
from erp.ledger import queries as ledger
from erp.parties.customers.records import CUSTOMERS
from erp.sales.orders import commands, queries
from erp.sales.orders.models import Order
from erp.sales.orders.records import ORDERS
from erp.sales.orders.rules import IllegalTransition, MoreThanOrdered, MoreThanShipped
from erp.sales.orders.schemas import ReturnBody, ShipmentBody
from erp.warehouse.stock import queries as stock
from records import reads, writes
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from .factories import a_confirmed, a_customer, a_draft, a_product, a_submitted, receive

pytestmark = pytest.mark.servers
LIMIT: dict[str, Any] = {"limit": "100", "currency": "EUR"}
WAIT = OrderReason(code="held", text="The customer asked us to wait.")


def seen(_row: object) -> None:
    """The caller has seen the row as it is."""


def shipment(*lines: tuple[UUID, int | str], **values: Any) -> ShipmentBody:
    listed = [{"line_id": line_id, "quantity": str(quantity)} for line_id, quantity in lines]
    return ShipmentBody.model_validate({"lines": listed or None, **values})


def returned(*lines: tuple[UUID, int | str], on: date | None = None) -> ReturnBody:
    listed = [{"line_id": line_id, "quantity": str(quantity)} for line_id, quantity in lines]
    return ReturnBody.model_validate({"lines": listed, "returned_on": on})


# Quantities and amounts are compared with whole numbers here, which a stricter type would not allow.
async def reserved(session: AsyncSession, row: Order) -> Any:
    found = await stock.reserved(session, [line.id for line in row.lines])
    return [found[line.id] for line in row.lines]


async def available(session: AsyncSession, product_id: UUID) -> Any:
    return (await stock.available(session, [product_id]))[product_id]


async def on_order(session: AsyncSession, customer_id: UUID) -> Any:
    return (await queries.on_order(session, [customer_id])).get((customer_id, "EUR"), 0)


async def balance(session: AsyncSession, role: str) -> Any:
    return await ledger.balance(session, role, "EUR")


async def last_event(session: AsyncSession, kind: str = "order") -> dict[str, Any]:
    statement = select(outbox.OutboxRow.data).where(outbox.OutboxRow.topic == f"erp.{kind}.v1")
    found = await session.scalars(statement.order_by(outbox.OutboxRow.id.desc()).limit(1))
    event: dict[str, Any] = orjson.loads(found.one())
    return event


async def asked(session: AsyncSession, row: Order, kind: str, *lines: tuple[UUID, int | str]) -> None:
    """Sales asks for something, as it arrives by the port."""
    wishes = [{"line_id": str(line_id), "quantity": str(quantity)} for line_id, quantity in lines]
    row.request = {"id": str(uuid4()), "kind": kind, "reason": "The customer called.", "lines": wishes}
    await session.flush()


async def test_an_order_has_a_number_from_its_submission_on_and_says_it_in_the_event(session: AsyncSession) -> None:
    customer_id, product_id = await a_customer(session), await a_product(session)
    row = await a_draft(session, customer_id, (product_id, 1))
    assert row.number is None
    row = await commands.submit(session, row.id, "anna")
    event = await last_event(session)
    assert (row.number, event["snapshot"]["number"]) == ("O-000001", "O-000001")
    assert {"state", "submitted_at", "number", "life"} == {change["group"] for change in event["changes"]}


async def test_an_order_without_lines_is_not_taken(session: AsyncSession) -> None:
    row = await a_draft(session, await a_customer(session))
    with pytest.raises(Conflict, match="no lines"):
        await commands.submit(session, row.id, "anna")


async def test_confirming_reserves_and_counts_on_the_credit(session: AsyncSession) -> None:
    customer_id, product_id = await a_customer(session), await a_product(session, 10)
    row = await a_confirmed(session, customer_id, (product_id, 4))
    assert (row.state, await reserved(session, row), await available(session, product_id)) == ("confirmed", [4], 6)
    assert await on_order(session, customer_id) == 40
    assert await queries.on_order(session, [customer_id], but=[row.id]) == {}


async def test_with_its_confirmation_the_erp_stands_by_what_was_ordered(session: AsyncSession) -> None:
    row = await a_confirmed(session, await a_customer(session), (await a_product(session, 10), 4))
    changed = {change["group"] for change in (await last_event(session))["changes"]}
    assert changed == {"state", "customer", "currency", "dates", f"line:{row.lines[0].id}", "life"}


async def test_confirming_twice_is_refused(session: AsyncSession) -> None:
    row = await a_confirmed(session, await a_customer(session), (await a_product(session, 10), 4))
    with pytest.raises(IllegalTransition) as refused:
        await commands.confirm(session, row.id, "anna")
    document = refused.value.document()
    assert document["state"] == "confirmed"
    assert document["allowed"] == ["hold", "cancel", "shipments"]
    assert await reserved(session, row) == [4]


async def test_what_is_not_there_is_back_ordered_and_filled_when_goods_come_in(session: AsyncSession) -> None:
    product_id = await a_product(session, 3)
    row = await a_confirmed(session, await a_customer(session), (product_id, 5))
    assert await reserved(session, row) == [3]
    await receive(session, product_id, 10)
    assert (await reserved(session, row), await available(session, product_id)) == ([5], 8)


@pytest.mark.parametrize(
    ("customer", "order", "code"),
    [
        ({"credit": {**LIMIT, "blocked": True}}, {}, "customer-blocked"),
        ({"credit": LIMIT}, {}, "credit-exceeded"),
        ({"credit": {"limit": "9999", "currency": "USD"}}, {}, "credit-currency"),
        ({}, {"whole": True}, "out-of-stock"),
    ],
)
async def test_an_order_that_may_not_be_confirmed_says_why(
    session: AsyncSession, customer: dict[str, Any], order: dict[str, Any], code: str
) -> None:
    customer_id, product_id = await a_customer(session, **customer), await a_product(session, 10)
    row = await a_submitted(session, customer_id, (product_id, 11), **order)
    with pytest.raises(Conflict) as refused:
        await commands.confirm(session, row.id, "anna")
    assert refused.value.code == code
    assert await available(session, product_id) == 10


async def test_an_order_that_is_short_names_its_lines(session: AsyncSession) -> None:
    full, short = await a_product(session, 10), await a_product(session, 1)
    row = await a_submitted(session, await a_customer(session), (full, 4), (short, 2), whole=True)
    with pytest.raises(Conflict) as refused:
        await commands.confirm(session, row.id, "anna")
    document = refused.value.document()
    assert [each["field"] for each in document["errors"]] == ["lines[1].quantity"]
    assert [each["line_ids"] for each in document["shortages"]] == [[str(row.lines[1].id)]]


async def test_what_was_taken_out_of_use_since_is_not_sold(session: AsyncSession) -> None:
    customer_id, product_id = await a_customer(session), await a_product(session, 10)
    row = await a_submitted(session, customer_id, (product_id, 1))
    await writes.archive(session, PRODUCTS, product_id, "anna", seen)
    with pytest.raises(Conflict) as refused:
        await commands.confirm(session, row.id, "anna")
    assert refused.value.code == "product-archived"
    await writes.archive(session, CUSTOMERS, customer_id, "anna", seen)
    with pytest.raises(Conflict) as refused:
        await commands.confirm(session, row.id, "anna")
    assert refused.value.code == "customer-archived"


async def test_orders_on_their_way_use_up_the_credit(session: AsyncSession) -> None:
    customer_id, product_id = await a_customer(session, credit=LIMIT), await a_product(session, 100)
    first = await a_confirmed(session, customer_id, (product_id, 6))
    second = await a_submitted(session, customer_id, (product_id, 5))
    with pytest.raises(Conflict) as refused:
        await commands.confirm(session, second.id, "anna")
    assert refused.value.document()["exposure"] == "110"
    await commands.cancel(session, first.id, None, "anna")
    assert (await commands.confirm(session, second.id, "anna")).state == "confirmed"


async def test_an_order_on_hold_keeps_its_stock_and_is_resumed(session: AsyncSession) -> None:
    product_id = await a_product(session, 10)
    row = await a_confirmed(session, await a_customer(session), (product_id, 4))
    await commands.hold(session, row.id, WAIT, "anna")
    assert (row.reason, await reserved(session, row)) == (WAIT.model_dump(), [4])
    await commands.resume(session, row.id, "anna")
    assert (row.state, row.reason, await available(session, product_id)) == ("confirmed", None, 6)
    with pytest.raises(IllegalTransition):
        await commands.resume(session, row.id, "anna")


async def test_a_cancelled_order_gives_its_stock_and_credit_back(session: AsyncSession) -> None:
    customer_id, product_id = await a_customer(session), await a_product(session, 10)
    row = await a_confirmed(session, customer_id, (product_id, 12))
    await commands.cancel(session, row.id, "Too late", "anna")
    assert (row.state, row.reason) == ("cancelled", {"code": "cancelled", "text": "Too late"})
    assert (await available(session, product_id), await on_order(session, customer_id)) == (10, 0)


async def test_an_order_is_shipped_in_parts_on_historic_days(session: AsyncSession) -> None:
    product_id = await a_product(session, 10)
    row = await a_confirmed(session, await a_customer(session), (product_id, 10))
    (line,) = row.lines
    first = await commands.ship(session, row.id, shipment((line.id, 4), shipped_on="1996-07-16"), "anna")
    assert (first.number, first.shipped_on, row.state) == ("S-000001", date(1996, 7, 16), "partly_shipped")
    second = await commands.ship(session, row.id, shipment(carrier="Speedy Express"), "anna")
    assert (second.number, row.state, line.left) == ("S-000002", "shipped", Decimal(0))
    snapshot = (await last_event(session, "shipment"))["snapshot"]
    assert snapshot["order"] == str(row.id)
    assert snapshot["lines"] == [{"line_id": str(line.id), "quantity": "6"}]
    assert await ledger.balance(session, "cost_of_sales", "EUR", until=date(1996, 7, 16)) == 24
    assert await balance(session, "cost_of_sales") == 60


async def test_only_what_was_ordered_and_is_set_aside_is_shipped(session: AsyncSession) -> None:
    product_id = await a_product(session, 3)
    row = await a_confirmed(session, await a_customer(session), (product_id, 5))
    (line,) = row.lines
    with pytest.raises(MoreThanOrdered):
        await commands.ship(session, row.id, shipment((line.id, 6)), "anna")
    row = await reads.by_id(session, ORDERS, row.id, lock=True)
    with pytest.raises(Conflict) as refused:
        await commands.ship(session, row.id, shipment((line.id, 4)), "anna")
    assert refused.value.code == "not-reserved"


async def test_nothing_is_shipped_while_nothing_is_there(session: AsyncSession) -> None:
    row = await a_confirmed(session, await a_customer(session), (await a_product(session), 5))
    with pytest.raises(Conflict) as refused:
        await commands.ship(session, row.id, shipment(), "anna")
    assert refused.value.code == "nothing-reserved"


async def test_what_comes_back_is_on_hand_again(session: AsyncSession) -> None:
    product_id = await a_product(session, 10)
    row = await a_confirmed(session, await a_customer(session), (product_id, 10))
    (line,) = row.lines
    await commands.ship(session, row.id, shipment(), "anna")
    document = await commands.take_back(session, row.id, returned((line.id, 2)), "anna")
    assert (document.number, document.kind, row.state) == ("R-000001", "return", "shipped")
    assert (await available(session, product_id), await balance(session, "inventory")) == (2, 12)
    with pytest.raises(MoreThanShipped):
        await commands.take_back(session, row.id, returned((line.id, 9)), "anna")


async def test_an_order_is_invoiced_when_all_is_shipped_and_billed_and_closed_when_paid(session: AsyncSession) -> None:
    customer_id = await a_customer(session)
    row = await a_confirmed(session, customer_id, (await a_product(session, 10), 10))
    (line,) = row.lines
    await commands.ship(session, row.id, shipment((line.id, 4)), "anna")
    await commands.mark_invoiced(session, {line.id: Decimal(4)}, "anna")
    await commands.mark_paid(session, [row.id], "anna")
    assert (row.state, await on_order(session, customer_id)) == ("partly_shipped", 60)
    await commands.ship(session, row.id, shipment(), "anna")
    await commands.mark_invoiced(session, {line.id: Decimal(6)}, "anna")
    assert (row.state, await on_order(session, customer_id)) == ("invoiced", 0)
    await commands.mark_paid(session, [row.id], "anna")
    assert row.state == "closed"
    with pytest.raises(MoreThanShipped):
        await commands.mark_invoiced(session, {line.id: Decimal(1)}, "anna")


async def test_a_request_to_cancel_is_granted_while_nothing_is_shipped(session: AsyncSession) -> None:
    product_id = await a_product(session, 10)
    row = await a_confirmed(session, await a_customer(session), (product_id, 4))
    await asked(session, row, "cancel")
    await commands.grant(session, row.id, "orders")
    assert (row.state, row.unanswered, await available(session, product_id)) == ("cancelled", False, 10)
    snapshot = (await last_event(session))["snapshot"]
    assert snapshot["answer"] == {"request": snapshot["request"]["id"], "outcome": "accepted", "reason": None}
    await commands.refuse(session, row.id, "Too late", "orders")
    assert (await last_event(session))["snapshot"] == snapshot


async def test_a_request_to_cancel_what_is_on_its_way_is_refused_with_the_reason(session: AsyncSession) -> None:
    row = await a_confirmed(session, await a_customer(session), (await a_product(session, 10), 4))
    await commands.ship(session, row.id, shipment((row.lines[0].id, 1)), "anna")
    await asked(session, row, "cancel")
    with pytest.raises(Conflict) as refused:
        await commands.grant(session, row.id, "orders")
    await commands.refuse(session, row.id, str(refused.value), "orders")
    assert (row.state, row.unanswered) == ("partly_shipped", False)
    answer = (await last_event(session))["snapshot"]["answer"]
    assert (answer["outcome"], "is partly shipped" in answer["reason"]) == ("refused", True)


async def test_quantities_are_changed_as_sales_asks(session: AsyncSession) -> None:
    customer_id, product_id = await a_customer(session), await a_product(session, 10)
    row = await a_confirmed(session, customer_id, (product_id, 4), (product_id, 2), (product_id, 1))
    first, second, third = (line.id for line in row.lines)
    await asked(session, row, "change", (first, 7), (second, 1), (third, 0))
    await commands.grant(session, row.id, "orders")
    assert {line.id: str(line.quantity) for line in row.lines} == {first: "7", second: "1"}
    assert (await reserved(session, row), await available(session, product_id)) == ([7, 1], 2)
    assert await on_order(session, customer_id) == 80
    assert f"line:{third}" not in (await last_event(session))["snapshot"]


async def test_a_line_is_cut_down_to_what_was_shipped(session: AsyncSession) -> None:
    product_id = await a_product(session, 10)
    row = await a_confirmed(session, await a_customer(session), (product_id, 8))
    (line,) = row.lines
    await commands.ship(session, row.id, shipment((line.id, 5)), "anna")
    await asked(session, row, "change", (line.id, 5))
    await commands.grant(session, row.id, "orders")
    assert (row.state, await available(session, product_id)) == ("shipped", 5)


@pytest.mark.parametrize(
    ("quantity", "code"), [(11, "not-enough-stock"), (2, "shipped-already"), (0, "shipped-already")]
)
async def test_a_change_that_cannot_be_is_not_granted(session: AsyncSession, quantity: int, code: str) -> None:
    row = await a_confirmed(session, await a_customer(session), (await a_product(session, 10), 8))
    (line,) = row.lines
    await commands.ship(session, row.id, shipment((line.id, 3)), "anna")
    await asked(session, row, "change", (line.id, quantity))
    with pytest.raises(Conflict) as refused:
        await commands.grant(session, row.id, "orders")
    assert refused.value.code == code


async def test_more_is_granted_only_within_the_credit(session: AsyncSession) -> None:
    customer_id = await a_customer(session, credit=LIMIT)
    row = await a_confirmed(session, customer_id, (await a_product(session, 100), 10))
    await asked(session, row, "change", (row.lines[0].id, 11))
    with pytest.raises(Conflict) as refused:
        await commands.grant(session, row.id, "orders")
    assert refused.value.code == "credit-exceeded"


async def test_an_order_that_would_be_empty_is_not_changed_but_cancelled(session: AsyncSession) -> None:
    row = await a_submitted(session, await a_customer(session), (await a_product(session), 8))
    await asked(session, row, "change", (row.lines[0].id, 0))
    with pytest.raises(Conflict) as refused:
        await commands.grant(session, row.id, "orders")
    assert refused.value.code == "nothing-ordered"


async def test_a_submitted_order_is_changed_before_it_is_decided(session: AsyncSession) -> None:
    product_id = await a_product(session, 10)
    row = await a_submitted(session, await a_customer(session), (product_id, 8))
    await asked(session, row, "change", (row.lines[0].id, 3))
    await commands.grant(session, row.id, "orders")
    await commands.confirm(session, row.id, "orders")
    assert (row.state, await reserved(session, row)) == ("confirmed", [3])
