"""Whatever is done to stock, in any order, it stays right: on a real database, with real commits."""

from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from chassis.db import transaction
from chassis.errors import Problem
from erp.warehouse.stock import commands
from erp.warehouse.stock.models import Warehouse
from erp.warehouse.stock.rules import Want
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy.ext.asyncio import AsyncSession

from ..machines import OnDatabase, running
from .factories import DAY, kit, product, received, shipment
from .invariants import broken

pytestmark = pytest.mark.servers

Work = Callable[[AsyncSession], Awaitable[Any]]
KINDS = st.sampled_from(["tea", "cup", "set", "advice"])
GOODS = st.sampled_from(["tea", "cup"])
PLACES = st.sampled_from(["Main", "North"])
QUANTITIES = st.decimals("0.5", "8", places=1)
COSTS = st.decimals("0", "9", places=4)


class StockMachine(OnDatabase):
    """One tenant with two goods, a kit of them, a service, and two warehouses; each step is a transaction."""

    lines = Bundle("lines")

    def do(self, work: Work) -> Any:
        """Run the work in a transaction of its own; a rule that refuses undoes it."""

        async def alone() -> Any:
            try:
                async with transaction(self.sessions, self.tenant) as session:
                    return await work(session)
            except Problem:
                return None

        return self.runner.run(alone())

    @initialize()
    def begin(self) -> None:
        self.tenant = uuid4()
        self.products: dict[str, UUID] = {}
        self.places: dict[str, UUID] = {}
        self.wanted: dict[UUID, UUID] = {}

        async def prepare(session: AsyncSession) -> None:
            rows = [Warehouse(name="Main", is_default=True), Warehouse(name="North", is_default=False)]
            session.add_all(rows)
            await session.flush()
            self.places = {row.name: row.id for row in rows}
            tea, cup = await product(session), await product(session)
            advice = await product(session, product_kind="service")
            box = await kit(session, tea=(tea, "2"), cup=(cup, "0.5"))
            self.products = {"tea": tea, "cup": cup, "set": box, "advice": advice}

        self.do(prepare)

    @rule(what=GOODS, where=PLACES, quantity=QUANTITIES, cost=COSTS)
    def receive(self, what: str, where: str, quantity: Decimal, cost: Decimal) -> None:
        place = self.places[where]
        self.do(lambda s: received(s, self.products[what], str(quantity), str(cost), warehouse_id=place))

    @rule(target=lines, what=KINDS, quantity=QUANTITIES, whole=st.booleans())
    def reserve(self, what: str, quantity: Decimal, whole: bool) -> UUID:
        line = uuid4()
        self.wanted[line] = self.products[what]
        done = self.do(lambda s: commands.reserve(s, [self.want(line, quantity)], whole=whole))
        assert done is None or 0 <= done[line] <= quantity
        return line

    @rule(line=lines, quantity=st.decimals("0", "8", places=1))
    def change(self, line: UUID, quantity: Decimal) -> None:
        self.do(lambda s: commands.change(s, self.want(line, quantity)))

    @rule(line=lines)
    def release(self, line: UUID) -> None:
        self.do(lambda s: commands.release(s, [line]))

    @rule(line=lines, where=st.none() | PLACES, share=st.sampled_from(["1", "0.5"]))
    def issue(self, line: UUID, where: str | None, share: str) -> None:
        place = self.places[where] if where else None

        async def work(session: AsyncSession) -> None:
            reserved = (await commands.reserved(session, [line]))[line]
            quantity = (reserved * Decimal(share)).quantize(Decimal("0.1"))
            if quantity:
                want = self.want(line, quantity)
                await commands.issue(session, [want], on=DAY, source=shipment(), actor="a", warehouse_id=place)

        self.do(work)

    @rule(line=lines, where=PLACES, quantity=QUANTITIES)
    def take_back(self, line: UUID, where: str, quantity: Decimal) -> None:
        want, place = self.want(line, quantity), self.places[where]
        self.do(lambda s: commands.take_back(s, [want], on=DAY, source=shipment(), actor="a", warehouse_id=place))

    @rule(what=GOODS, giver=PLACES, taker=PLACES, quantity=QUANTITIES)
    def transfer(self, what: str, giver: str, taker: str, quantity: Decimal) -> None:
        source, target = self.places[giver], self.places[taker]
        self.do(
            lambda s: commands.transfer(
                s, self.products[what], quantity, from_warehouse_id=source, to_warehouse_id=target, actor="anna"
            )
        )

    @rule(what=GOODS, where=PLACES, counted=st.decimals("0", "8", places=1))
    def count(self, what: str, where: str, counted: Decimal) -> None:
        place = self.places[where]
        self.do(lambda s: commands.adjust(s, self.products[what], counted, "count", actor="anna", warehouse_id=place))

    @invariant()
    def all_is_right(self) -> None:
        assert self.do(broken) == []

    def want(self, line: UUID, quantity: Decimal) -> Want:
        return Want(line, self.wanted[line], quantity)


def test_stock_stays_right_whatever_is_done_to_it(committed: str) -> None:
    limits = settings(max_examples=25, stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck))
    with running(StockMachine, committed, "app", 1) as machine:
        run_state_machine_as_test(machine, settings=limits)
