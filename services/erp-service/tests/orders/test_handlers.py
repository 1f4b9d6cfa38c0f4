"""What the ERP does by itself, in transactions of its own that really commit."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from uuid import UUID, uuid4

import pytest
from chassis.db import Sessions, transaction
from chassis.worker import Retries
from erp.parties.customers.records import CUSTOMERS
from erp.sales.orders import commands
from erp.sales.orders.handlers import OrderDesk
from erp.sales.orders.models import Order
from erp.sales.orders.records import ORDERS
from erp.warehouse.stock import queries as stock
from records import reads, writes
from sqlalchemy import event, update

from .factories import a_confirmed, a_customer, a_product, a_submitted

pytestmark = pytest.mark.servers


@pytest.fixture
def tenant() -> UUID:
    """One of its own for each test: nothing here is rolled back."""
    return uuid4()


async def shown(working: Sessions, tenant: UUID, order_id: UUID) -> Order:
    async with transaction(working, tenant) as session:
        return await reads.by_id(session, ORDERS, order_id)


async def until(reached: Callable[[], Awaitable[bool]]) -> None:
    """Wait for a condition, ten seconds at most."""
    for _ in range(200):
        if await reached():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it did not come that far")


async def test_orders_are_decided_in_the_order_in_which_a_customer_submitted_them(
    working: Sessions, tenant: UUID
) -> None:
    async with transaction(working, tenant) as session:
        product_id = await a_product(session, 100)
        limited = await a_customer(session, credit={"limit": "100", "currency": "EUR"})
        other = await a_customer(session)
        rows = [await a_submitted(session, limited, (product_id, 4)) for _ in range(4)]
        theirs = await a_submitted(session, other, (product_id, 40))
        rows[0].submitted_at, rows[3].submitted_at = rows[3].submitted_at, rows[0].submitted_at
    await OrderDesk(working, Retries()).step()
    found = [await shown(working, tenant, row.id) for row in rows]
    assert [row.state for row in found] == ["on_hold", "confirmed", "on_hold", "confirmed"]
    assert found[0].reason is not None
    assert found[0].reason["code"] == "credit-exceeded"
    assert "The limit is 100 EUR; this order would increase the balance to 120 EUR." in found[0].reason["text"]
    assert (await shown(working, tenant, theirs.id)).state == "confirmed"


async def test_an_order_for_a_blocked_customer_is_on_hold_with_the_reason(working: Sessions, tenant: UUID) -> None:
    async with transaction(working, tenant) as session:
        credit = {"limit": "100", "currency": "EUR", "blocked": True}
        customer_id = await a_customer(session, name="Bolido", credit=credit)
        row = await a_submitted(session, customer_id, (await a_product(session, 10), 4))
    await OrderDesk(working, Retries()).step()
    found = await shown(working, tenant, row.id)
    assert (found.state, found.number) == ("on_hold", "O-000001")
    text = "The customer is blocked. Bolido is blocked and cannot order on credit."
    assert found.reason == {"code": "customer-blocked", "text": text}


async def test_an_order_on_hold_is_left_alone_until_somebody_resumes_it(working: Sessions, tenant: UUID) -> None:
    desk = OrderDesk(working, Retries())
    async with transaction(working, tenant) as session:
        row = await a_submitted(session, await a_customer(session), (await a_product(session, 3), 4), whole=True)
    await desk.step()
    version = (await shown(working, tenant, row.id)).version
    await desk.step()
    found = await shown(working, tenant, row.id)
    assert (found.state, found.version) == ("on_hold", version)
    assert found.reason is not None
    assert found.reason["code"] == "out-of-stock"


async def test_an_order_that_cannot_be_dealt_with_holds_up_no_other(working: Sessions, tenant: UUID) -> None:
    async with transaction(working, tenant) as session:
        customer_id, product_id = await a_customer(session), await a_product(session, 100)
        first, second = [await a_submitted(session, customer_id, (product_id, 4)) for _ in range(2)]
        await session.execute(update(Order).where(Order.id == first.id).values(currency="???"))
    seconds = 0.0
    desk = OrderDesk(working, Retries(first_seconds=1.0, now=lambda: seconds))
    await desk.step()
    assert (await shown(working, tenant, second.id)).state == "confirmed"
    said = (await shown(working, tenant, first.id)).reason
    assert said == {"code": "not-processed", "text": "The service failed (KeyError). It is retried automatically."}
    async with transaction(working, tenant) as session:
        await session.execute(update(Order).where(Order.id == first.id).values(currency="EUR"))
    seconds = 0.9
    await desk.step()
    assert (await shown(working, tenant, first.id)).state == "submitted"  # Its pause is not over.
    seconds = 1.0
    await desk.step()
    found = await shown(working, tenant, first.id)
    assert (found.state, found.reason) == ("confirmed", None)


async def test_a_credit_whose_limit_was_taken_away_holds_no_order(working: Sessions, tenant: UUID) -> None:
    async with transaction(working, tenant) as session:
        product_id, rows = await a_product(session, 100), []
        for credit in ({"limit": "1", "currency": "EUR"}, {"blocked": True}):
            customer_id = await a_customer(session, credit=credit)
            await writes.change(
                session, CUSTOMERS, customer_id, {"credit": {"limit": None, "blocked": False}}, "anna", seen
            )
            rows.append(await a_submitted(session, customer_id, (product_id, 4)))
    await OrderDesk(working, Retries()).step()
    assert [(await shown(working, tenant, row.id)).state for row in rows] == ["confirmed", "confirmed"]


def seen(_row: object) -> None:
    """Whoever changes it has seen the latest version."""


async def test_an_order_that_somebody_holds_for_long_comes_later_and_so_do_its_customers_others(
    working: Sessions, tenant: UUID
) -> None:
    async with transaction(working, tenant) as session:
        customer_id, other, product_id = (
            await a_customer(session),
            await a_customer(session),
            await a_product(session, 100),
        )
        first, second = [await a_submitted(session, customer_id, (product_id, 4)) for _ in range(2)]
        theirs = await a_submitted(session, other, (product_id, 4))
    desk = OrderDesk(working, Retries())
    async with transaction(working, tenant) as session:
        await reads.by_id(session, ORDERS, first.id, lock=True)
        await asyncio.wait_for(desk.step(), 10)
        found = [(await shown(working, tenant, row.id)).state for row in (first, second, theirs)]
        assert found == ["submitted", "submitted", "confirmed"]

    async def confirmed() -> bool:
        await desk.step()
        return (await shown(working, tenant, second.id)).state == "confirmed"

    await until(confirmed)
    before, after = await shown(working, tenant, first.id), await shown(working, tenant, second.id)
    assert (before.state, before.updated_at < after.updated_at) == ("confirmed", True)


async def test_the_stock_of_an_order_that_was_cancelled_elsewhere_is_released(working: Sessions, tenant: UUID) -> None:
    async with transaction(working, tenant) as session:
        product_id = await a_product(session, 10)
        row = await a_confirmed(session, await a_customer(session), (product_id, 4))
        await session.execute(update(Order).where(Order.id == row.id).values(state="cancelled"))
    await OrderDesk(working, Retries()).step()
    async with transaction(working, tenant) as session:
        assert await stock.available(session, [product_id]) == {product_id: 10}


@pytest.mark.parametrize(
    ("kind", "state", "outcome"), [("cancel", "cancelled", "accepted"), ("change", "confirmed", "refused")]
)
async def test_requests_are_answered(working: Sessions, tenant: UUID, kind: str, state: str, outcome: str) -> None:
    async with transaction(working, tenant) as session:
        row = await a_confirmed(session, await a_customer(session), (await a_product(session, 10), 4))
        wish = {"line_id": str(row.lines[0].id), "quantity": "11"}
        request: dict[str, Any] = {"id": str(uuid4()), "kind": kind, "reason": None, "lines": [wish]}
        row.request = request
    await OrderDesk(working, Retries()).step()
    found = await shown(working, tenant, row.id)
    assert found.answer is not None
    assert (found.state, found.answer["outcome"], found.answer["request"]) == (state, outcome, request["id"])
    assert [line.quantity for line in found.lines] == [4]


async def test_two_workers_decide_an_order_once(working: Sessions, tenant: UUID) -> None:
    async with transaction(working, tenant) as session:
        product_id = await a_product(session, 100)
        customers = [await a_customer(session) for _ in range(3)]
        rows = [await a_submitted(session, customer_id, (product_id, 2)) for customer_id in customers for _ in range(3)]
    await asyncio.gather(OrderDesk(working, Retries()).step(), OrderDesk(working, Retries()).step())
    found = [await shown(working, tenant, row.id) for row in rows]
    assert {(row.state, row.version) for row in found} == {("confirmed", 3)}
    async with transaction(working, tenant) as session:
        assert await stock.available(session, [product_id]) == {product_id: 82}


async def test_orders_that_wait_together_are_decided_with_a_fixed_number_of_statements(
    working: Sessions, tenant: UUID
) -> None:
    async with transaction(working, tenant) as session:
        product_ids = [await a_product(session, 12) for _ in range(2)]
        customers = [await a_customer(session, credit={"limit": "150", "currency": "EUR"}), await a_customer(session)]

    async def decided(customer_id: UUID, quantities: Sequence[int], **values: Any) -> tuple[list[Order], int]:
        async with transaction(working, tenant) as session:
            rows = [
                await a_submitted(session, customer_id, *((each, quantity) for each in product_ids), **values)
                for quantity in quantities
            ]
        statements: list[str] = []
        engine = working.kw["bind"].sync_engine
        event.listen(engine, "before_cursor_execute", note := lambda *said: statements.append(said[2]))
        await OrderDesk(working, Retries()).step()
        event.remove(engine, "before_cursor_execute", note)
        return [await shown(working, tenant, row.id) for row in rows], len(statements)

    _, one = await decided(customers[0], [1])
    found, several = await decided(customers[0], [2, 3, 4, 1])
    assert ([row.state for row in found], several - one) == (["confirmed", "confirmed", "on_hold", "confirmed"], 0)
    found, several = await decided(customers[1], [6, 5, 4, 2], whole=True)
    assert [row.state for row in found] == ["on_hold", "confirmed", "on_hold", "on_hold"]
    async with transaction(working, tenant) as session:
        assert await stock.available(session, product_ids) == dict.fromkeys(product_ids, 0)
    assert len({row.number for row in found}) == 4


async def test_the_desk_works_until_it_is_told_to_stop(working: Sessions, tenant: UUID) -> None:
    stop = asyncio.Event()
    running = asyncio.create_task(OrderDesk(working, Retries()).run(stop))
    async with transaction(working, tenant) as session:
        row = await a_submitted(session, await a_customer(session), (await a_product(session, 10), 4))

    async def confirmed() -> bool:
        return (await shown(working, tenant, row.id)).state == "confirmed"

    await until(confirmed)
    stop.set()
    await asyncio.wait_for(running, 10)


async def test_a_user_is_faster_than_the_desk(working: Sessions, tenant: UUID) -> None:
    async with transaction(working, tenant) as session:
        row = await a_submitted(session, await a_customer(session), (await a_product(session, 10), 4))
    desk = OrderDesk(working, Retries())
    async with transaction(working, tenant) as session:
        await commands.confirm(session, row.id, "anna")
        meanwhile = asyncio.create_task(desk.step())
        await asyncio.sleep(0.1)
    await meanwhile
    found = await shown(working, tenant, row.id)
    assert (found.state, found.version) == ("confirmed", 3)
