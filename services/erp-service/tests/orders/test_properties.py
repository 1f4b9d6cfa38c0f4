"""Whatever is done to orders, by several at once, they stay right: on a real database, with real commits."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from chassis.db import transaction
from chassis.errors import Problem
from chassis.worker import Retries
from contracts.order import OrderReason
from erp.sales.orders import commands
from erp.sales.orders.handlers import OrderDesk
from erp.sales.orders.models import Order
from erp.sales.orders.records import ORDERS
from erp.sales.orders.schemas import ReturnBody, ShipmentBody
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)
from records import reads
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from ..machines import OnDatabase, running
from .factories import a_customer, a_draft, a_product, a_submitted, receive

pytestmark = pytest.mark.servers

Work = Callable[[AsyncSession], Awaitable[Any]]
LIMIT = Decimal(100)
HOLD = OrderReason(code="held", text="Wait")
ACTIONS = st.sampled_from(["submit", "confirm", "hold", "resume", "cancel", "ship", "return", "bill", "pay", "ask"])
SHARES = st.sampled_from(["0.5", "1", "1.5"])

# Each answers the rows that are wrong: none, if all is right.
BROKEN = {
    "more is reserved than lies there": """
        select id from stock_levels where reserved > on_hand or reserved < 0 or on_hand < 0
    """,
    "a level and its reservations differ": """
        select l.id from stock_levels l left join stock_reservations r on r.level_id = l.id
        group by l.id having l.reserved <> coalesce(sum(r.quantity), 0)
    """,
    "more is reserved for a line than is left of it": """
        select l.id from order_lines l join stock_demands d on d.line_id = l.id
        where d.reserved > l.quantity - l.shipped or d.wanted > l.quantity - l.shipped
    """,
    "stock is set aside for an order that does not hold any": """
        select o.id from orders o join order_lines l on l.order_id = o.id join stock_demands d on d.line_id = l.id
        where not o.holds_stock and d.wanted > 0
    """,
    "a line and its shipments differ": """
        select l.id from order_lines l
        left join shipment_lines s on s.line_id = l.id left join shipments d on d.id = s.shipment_id
        group by l.id
        having l.shipped <> coalesce(sum(s.quantity) filter (where d.kind = 'shipment'), 0)
            or l.returned <> coalesce(sum(s.quantity) filter (where d.kind = 'return'), 0)
    """,
    "more was shipped than ordered, or billed than shipped": """
        select id from order_lines where shipped > quantity or returned > shipped or invoiced > shipped
    """,
    "a number is missing or double": """
        select o.last from (
            select count(number) as given, count(distinct number) as different,
                   coalesce(max(substr(number, 3)::int), 0) as last
            from orders
        ) o where o.given <> o.last or o.different <> o.last
    """,
    "the state does not say how much is shipped": """
        select o.id from orders o join order_lines l on l.order_id = o.id group by o.id, o.state
        having (o.state in ('shipped', 'invoiced', 'closed')) <> (sum(l.quantity - l.shipped) = 0)
            or (o.state = 'partly_shipped') <> (sum(l.shipped) > 0 and sum(l.quantity - l.shipped) > 0)
    """,
}


class OrdersMachine(OnDatabase):
    """One tenant with two customers, one of them with a limit, and two products of which there is never enough."""

    orders = Bundle("orders")

    def do(self, *works: Work) -> list[Any]:
        """Run all works at once, each in a transaction of its own; a rule that refuses undoes one and no other."""

        async def alone(work: Work) -> Any:
            try:
                async with transaction(self.sessions, self.tenant) as session:
                    return await work(session)
            except Problem:
                return None

        async def at_once() -> list[Any]:
            async with asyncio.timeout(30):
                return await asyncio.gather(*(alone(work) for work in works))

        return self.runner.run(at_once())

    @initialize()
    def begin(self) -> None:
        self.tenant = uuid4()

        async def prepare(session: AsyncSession) -> None:
            self.customers = [
                await a_customer(session, credit={"limit": str(LIMIT), "currency": "EUR"}),
                await a_customer(session),
            ]
            self.products = sorted([await a_product(session, 5), await a_product(session, 5)])

        self.do(prepare)

    @rule(target=orders, customer=st.integers(0, 1), quantities=st.lists(st.integers(1, 6), min_size=1, max_size=3))
    def enter(self, customer: int, quantities: list[int]) -> UUID:
        # The products come in both directions: locked in the order of the lines, they would deadlock.
        wanted = [(self.products[(number + customer) % 2], each) for number, each in enumerate(quantities)]
        (row,) = self.do(lambda session: a_draft(session, self.customers[customer], *wanted))
        order_id: UUID = row.id
        return order_id

    @rule(target=orders, customer=st.integers(0, 1), quantities=st.lists(st.integers(2, 6), min_size=2, max_size=4))
    def order_at_once(self, customer: int, quantities: list[int]) -> Any:
        """One customer's orders are confirmed at the same time; each alone is within the limit."""
        wanted = [(self.products[number % 2], quantity) for number, quantity in enumerate(quantities)]

        async def submit(session: AsyncSession) -> list[Order]:
            return [await a_submitted(session, self.customers[customer], each) for each in wanted]

        (rows,) = self.do(submit)
        self.do(*(_act("confirm", row.id, Decimal(1)) for row in rows))
        return multiple(*(row.id for row in rows))

    @rule(acts=st.lists(st.tuples(ACTIONS, orders, SHARES), min_size=1, max_size=4))
    def act_at_once(self, acts: Sequence[tuple[str, UUID, str]]) -> None:
        self.do(*(_act(action, order_id, Decimal(share)) for action, order_id, share in acts))

    @rule(acts=st.lists(st.tuples(ACTIONS, orders, SHARES), max_size=2))
    def work_at_the_desk_meanwhile(self, acts: Sequence[tuple[str, UUID, str]]) -> None:
        self.do(
            lambda _: OrderDesk(self.sessions, Retries()).step(),
            *(_act(what, on, Decimal(share)) for what, on, share in acts),
        )

    @rule(product=st.integers(0, 1), quantity=st.integers(1, 6))
    def receive(self, product: int, quantity: int) -> None:
        self.do(lambda session: receive(session, self.products[product], quantity))

    @invariant()
    def all_is_right(self) -> None:
        async def broken(session: AsyncSession) -> dict[str, Any]:
            found: dict[str, Sequence[Any]] = {
                name: (await session.execute(text(query))).all() for name, query in BROKEN.items()
            }
            rows = (await session.scalars(reads.complete(ORDERS))).all()
            found["the credit limit is exceeded"] = _exceeded(rows, self.customers[0]) if rows else []
            found["on order is not what is left to invoice"] = [row for row in rows if row.on_order != _expected(row)]
            return {name: wrong for name, wrong in found.items() if wrong}

        assert self.do(broken) == [{}]


def _exceeded(rows: Sequence[Order], customer_id: UUID) -> list[Any]:
    """Nothing is posted here, so what is on order is all that counts."""
    total = sum(row.on_order for row in rows if row.customer_id == customer_id)
    return [total] if total > LIMIT else []


def _expected(row: Order) -> Decimal:
    """An order on hold counts when it was confirmed before."""
    counts = row.state in {"confirmed", "partly_shipped", "shipped", "invoiced", "closed"} or (
        row.state == "on_hold" and row.holds_stock
    )
    return row.to_invoice if counts else Decimal(0)


def _act(action: str, order_id: UUID, share: Decimal) -> Work:
    async def work(session: AsyncSession) -> None:
        match action:
            case "submit":
                await commands.submit(session, order_id, "anna")
            case "confirm":
                await commands.confirm(session, order_id, "anna")
            case "hold":
                await commands.hold(session, order_id, HOLD, "anna")
            case "resume":
                await commands.resume(session, order_id, "anna")
            case "cancel":
                await commands.cancel(session, order_id, None, "anna")
            case "ship" | "return":
                await _move(session, action, order_id, share)
            case "bill":
                row = await reads.by_id(session, ORDERS, order_id, lock=True)
                await commands.mark_invoiced(
                    session, {line.id: line.shipped - line.returned for line in row.lines}, "b"
                )
            case "pay":
                await commands.mark_paid(session, [order_id], "anna")
            case "ask":
                await _ask(session, order_id, share)

    return work


async def _move(session: AsyncSession, action: str, order_id: UUID, share: Decimal) -> None:
    lines = (await reads.by_id(session, ORDERS, order_id)).lines
    body = {"lines": [{"line_id": line.id, "quantity": line.quantity * share} for line in lines]}
    if action == "return":
        await commands.take_back(session, order_id, ReturnBody.model_validate(body), "anna")
    else:
        await commands.ship(session, order_id, ShipmentBody.model_validate(body if share != 1 else {}), "anna")


async def _ask(session: AsyncSession, order_id: UUID, share: Decimal) -> None:
    row = await reads.by_id(session, ORDERS, order_id, lock=True)
    wishes = [{"line_id": str(line.id), "quantity": str(line.quantity * share)} for line in row.lines]
    row.request = {"id": str(uuid4()), "kind": "change", "reason": None, "lines": wishes}


def test_orders_and_stock_stay_right_whatever_is_done_at_once(committed: str) -> None:
    # No shrinking: what happens at once may happen otherwise the next time, and each try takes a second.
    phases = (Phase.explicit, Phase.reuse, Phase.generate)
    limits = settings(
        max_examples=15,
        stateful_step_count=15,
        deadline=None,
        phases=phases,
        suppress_health_check=list(HealthCheck),
    )
    with running(OrdersMachine, committed, "worker", 10) as machine:
        run_state_machine_as_test(machine, settings=limits)
