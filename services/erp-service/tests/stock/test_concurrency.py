"""Many at once, each with a connection of its own: nothing is promised twice, and no transaction deadlocks."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import TypeVar
from uuid import UUID, uuid4

import pytest
from chassis.db import Sessions, create_engine, session_factory, transaction
from chassis.errors import Problem
from erp.warehouse.stock import commands
from erp.warehouse.stock.models import OutOfStock, Warehouse
from erp.warehouse.stock.rules import Want
from erp.wiring import SERVICE
from sqlalchemy.ext.asyncio import AsyncSession

from .factories import DAY, product, received, shipment, want
from .invariants import broken

pytestmark = pytest.mark.servers
CONNECTIONS = 16
T = TypeVar("T")
Work = Callable[[AsyncSession], Awaitable[T]]


@dataclass(frozen=True)
class Company:
    """A tenant of its own, whose work is really committed."""

    sessions: Sessions
    tenant: UUID

    async def do(self, work: Work[T]) -> T:
        async with transaction(self.sessions, self.tenant) as session:
            return await work(session)

    async def at_once(self, works: Iterable[Work[T]]) -> list[T | BaseException]:
        return await asyncio.gather(*(self.do(work) for work in works), return_exceptions=True)


@pytest.fixture
async def company(committed: str) -> AsyncIterator[Company]:
    engine = create_engine(committed, SERVICE.name, "app", pool_size=CONNECTIONS)
    yield Company(session_factory(engine), uuid4())
    await engine.dispose()


def random_of(seed: int) -> random.Random:
    """The same choices each time."""
    return random.Random(seed)  # noqa: S311  # which goods are chosen is no secret


def confirm(*wants: Want, whole: bool = False) -> Work[Decimal]:
    """What reserving all of these comes to."""

    async def work(session: AsyncSession) -> Decimal:
        return sum((await commands.reserve(session, wants, whole=whole)).values(), Decimal(0))

    return work


async def test_the_last_goods_are_promised_once(company: Company) -> None:
    tea = await company.do(product)
    await company.do(lambda session: received(session, tea, 30))
    answers = await company.at_once(confirm(want(tea, 3)) for _ in range(24))
    promised = sorted(answer for answer in answers if isinstance(answer, Decimal))
    assert promised == [0] * 14 + [3] * 10
    assert await company.do(broken) == []


async def test_the_last_goods_go_to_whole_orders_or_to_none(company: Company) -> None:
    tea = await company.do(product)
    await company.do(lambda session: received(session, tea, 10))
    answers = await company.at_once(confirm(want(tea, 3), whole=True) for _ in range(12))
    assert sum(isinstance(answer, OutOfStock) for answer in answers) == 9
    assert sum(answer for answer in answers if isinstance(answer, Decimal)) == 9
    assert await company.do(broken) == []


async def test_the_first_goods_of_a_product_find_the_order_that_is_being_confirmed(company: Company) -> None:
    cup, tea, line = await company.do(product), await company.do(product), uuid4()
    await company.do(lambda session: received(session, cup, 1))  # There is a warehouse.
    async with transaction(company.sessions, company.tenant) as confirming:
        await commands.reserve(confirming, [want(tea, 1, line)])
        coming_in = asyncio.create_task(company.do(lambda session: received(session, tea, 1)))
        await asyncio.wait({coming_in}, timeout=0.5)
    await coming_in
    assert await company.do(lambda session: commands.reserved(session, [line])) == {line: 1}
    assert await company.do(broken) == []


async def test_orders_of_the_same_products_in_any_order_do_not_wait_in_a_ring(company: Company) -> None:
    goods = [await company.do(product) for _ in range(6)]
    chance = random_of(1)
    works = [confirm(*(want(each, 1) for each in chance.sample(goods, len(goods)))) for _ in range(40)]
    answers = await company.at_once(works)
    assert [answer for answer in answers if isinstance(answer, BaseException)] == []
    for each in reversed(goods):
        await company.do(partial(received, product_id=each, quantity=50))
    assert await company.do(lambda session: commands.available(session, goods)) == dict.fromkeys(goods, 10)
    assert await company.do(broken) == []


async def test_everything_at_once_leaves_stock_right(company: Company) -> None:
    goods = [await company.do(product) for _ in range(3)]
    places = [Warehouse(name="Main", is_default=True), Warehouse(name="North", is_default=False)]

    async def prepare(session: AsyncSession) -> None:
        session.add_all(places)
        await session.flush()
        for each in goods:
            for place in places:
                await received(session, each, 20, "1.37", warehouse_id=place.id)

    await company.do(prepare)
    answers = await company.at_once(_anything(random_of(seed), goods, places) for seed in range(80))
    faults = [each for each in answers if isinstance(each, BaseException) and not isinstance(each, Problem)]
    assert faults == []
    assert await company.do(broken) == []


def _anything(chance: random.Random, goods: list[UUID], places: list[Warehouse]) -> Work[object]:
    """An order that is reserved, and sent or released; or goods that come in, are counted, or go elsewhere."""
    chosen = chance.sample(goods, len(goods))
    place, other = chance.sample(places, 2)

    async def order(session: AsyncSession) -> object:
        wants = [want(each, chance.randint(1, 9)) for each in chosen]
        held = await commands.reserve(session, wants)
        ready = [Want(each.line_id, each.product_id, held[each.line_id]) for each in wants if held[each.line_id]]
        await commands.issue(session, ready[:2], on=DAY, source=shipment(), actor="anna")
        await commands.release(session, [each.line_id for each in ready[2:]])
        return held

    async def store(session: AsyncSession) -> object:
        match chance.randrange(3):
            case 0:
                return await received(session, chosen[0], chance.randint(1, 9), "2.21", warehouse_id=place.id)
            case 1:
                counted = Decimal(chance.randint(0, 20))
                return await commands.adjust(
                    session, chosen[0], counted, "count", actor="anna", warehouse_id=place.id, unit_cost=Decimal(1)
                )
            case _:
                return await commands.transfer(
                    session,
                    chosen[0],
                    Decimal(2),
                    from_warehouse_id=place.id,
                    to_warehouse_id=other.id,
                    actor="anna",
                )

    return order if chance.random() < 0.6 else store
