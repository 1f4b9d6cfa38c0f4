"""Confirmation under contention: many connections confirm orders of one product, and the same many of one each.

`erp.sales.orders.commands.confirm` in transactions of its own, on a PostgreSQL of its own with fsync on, by two
processes that have half of the connections each: as many as the machine has cores.
"""

import asyncio
import multiprocessing
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from itertools import product
from multiprocessing.synchronize import Barrier
from statistics import quantiles
from uuid import UUID, uuid4

from chassis.db import Sessions, create_engine, session_factory, transaction
from erp.catalogue.products.records import PRODUCTS
from erp.catalogue.products.schemas import ProductBody
from erp.parties.customers.records import CUSTOMERS
from erp.parties.customers.schemas import CustomerBody
from erp.sales.orders import commands
from erp.sales.orders.schemas import OrderBody
from erp.warehouse.stock import commands as inventory
from erp.wiring import SERVICE
from records import writes
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from . import show

PROCESSES = 2
TURNS = 3
ACTOR = "bench"
QUANTITY = 3
UNCOUNTED = 3
"""So many orders of each connection come before the clock starts: a new connection prepares its statements first."""

SHORT = 10
"""One order in so many finds nothing left: its goods are a back order."""

UNNUMBERED = text("update orders set number = null where id = any(:ids)")
OVERSOLD = text("""
    select l.product_id from stock_levels l left join stock_reservations r on r.level_id = l.id
    group by l.id having l.reserved > l.on_hand or l.reserved <> coalesce(sum(r.quantity), 0)
""")
UNUSED = text("select product_id from stock_levels where reserved < on_hand")
UNCONFIRMED = text("select id from orders where state <> 'confirmed' or number is null")
DOUBLE = text("select number from orders group by number having count(*) > 1")
Lanes = Sequence[Sequence[UUID]]
_together: list[Barrier] = []


@dataclass(frozen=True)
class Run:
    """When a process began and ended, by the clock that all processes share, and the seconds of each confirmation."""

    began: float
    ended: float
    each: list[float]


@dataclass
class Pace:
    """How long confirmations took, and how long all of them."""

    seconds: float = 0.0
    each: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        return len(self.each) / self.seconds

    def milliseconds(self, percent: int) -> float:
        return 1000 * quantiles(self.each, n=100, method="inclusive")[percent - 1]


def run(address: str, connections: int, orders: int) -> None:
    """Measure on a migrated, empty database of the ERP, and print what was found. Raise when stock was oversold."""
    tenant = uuid4()
    context = multiprocessing.get_context("spawn")
    barriers = (context.Barrier(PROCESSES),)
    with ProcessPoolExecutor(PROCESSES, context, _meet, barriers) as pool:
        _measure(pool, address, tenant, 2 * TURNS * connections, connections)
        for numbered, paces in _measure(pool, address, tenant, orders, connections).items():
            _show(paces, connections, numbered)
    faults = asyncio.run(_faults(address, tenant))
    if faults:
        raise RuntimeError(f"stock or numbers are wrong: {faults}")
    show.console.print("Nothing is oversold, nothing that could be promised is left over, no number is double.")


def _measure(
    pool: ProcessPoolExecutor, address: str, tenant: UUID, orders: int, connections: int
) -> dict[bool, dict[str, Pace]]:
    """Each way in turn, so that noise meets all of them. A turn has products and orders of its own."""
    ways = {"one connection": (1, 1), "a product each": (connections, connections), "one product": (connections, 1)}
    paces = {numbered: {name: Pace() for name in ways} for numbered in (True, False)}
    for _ in range(TURNS):
        for numbered, name in product(paces, ways):
            lanes, goods = ways[name]
            each = orders // TURNS // lanes + UNCOUNTED
            submitted = asyncio.run(_submitted(address, tenant, each, lanes, goods, numbered))
            runs = list(_confirmed(pool, address, tenant, submitted))
            pace = paces[numbered][name]
            pace.seconds += max(run.ended for run in runs) - min(run.began for run in runs)
            pace.each += [seconds for run in runs for seconds in run.each]
    return paces


def _meet(barrier: Barrier) -> None:
    _together.append(barrier)


def _confirmed(pool: ProcessPoolExecutor, address: str, tenant: UUID, lanes: Lanes) -> Iterator[Run]:
    """Let the processes confirm these orders, each lane by a connection."""
    parts = [lanes[number::PROCESSES] for number in range(PROCESSES)]
    return pool.map(_confirm_all, [address] * PROCESSES, [tenant] * PROCESSES, parts)


def _confirm_all(address: str, tenant: UUID, lanes: Lanes) -> Run:
    """In a process of its own. All processes begin to count at once."""
    return asyncio.run(_confirm_lanes(address, tenant, lanes))


async def _confirm_lanes(address: str, tenant: UUID, lanes: Lanes) -> Run:
    engine = create_engine(address, SERVICE.name, "app", pool_size=max(1, len(lanes)))
    sessions, each = session_factory(engine), list[float]()
    await asyncio.gather(*(_confirm_lane(sessions, tenant, lane[:UNCOUNTED], []) for lane in lanes))
    await asyncio.to_thread(_together[0].wait, 30)
    began = time.monotonic()
    await asyncio.gather(*(_confirm_lane(sessions, tenant, lane[UNCOUNTED:], each) for lane in lanes))
    ended = time.monotonic()
    await engine.dispose()
    return Run(began, ended, each)


async def _confirm_lane(sessions: Sessions, tenant: UUID, lane: Sequence[UUID], each: list[float]) -> None:
    for order_id in lane:
        began = time.monotonic()
        async with transaction(sessions, tenant) as session:
            await commands.confirm(session, order_id, ACTOR)
        each.append(time.monotonic() - began)


async def _submitted(address: str, tenant: UUID, orders: int, lanes: int, goods: int, numbered: bool) -> Lanes:
    """So many submitted orders for each lane, of so many new products; numbered already, or not, as the CRM's come."""
    engine = create_engine(address, SERVICE.name, "app")
    async with transaction(session_factory(engine), tenant) as session:
        wanted = QUANTITY * orders * lanes // goods
        products_ = [await _product(session, wanted - wanted // SHORT) for _ in range(goods)]
        made = [await _lane(session, products_[lane % goods], orders) for lane in range(lanes)]
        if not numbered:
            await session.execute(UNNUMBERED, {"ids": [order_id for lane in made for order_id in lane]})
    await engine.dispose()
    return made


async def _product(session: AsyncSession, stock: int) -> UUID:
    body = ProductBody.model_validate({"name": "Chai", "list_price": {"amount": "18.00", "currency": "EUR"}})
    product_id = (await writes.create(session, PRODUCTS, body, ACTOR)).id
    await inventory.receive(session, product_id, Decimal(stock), Decimal(10), actor=ACTOR)
    return product_id


async def _lane(session: AsyncSession, product_id: UUID, orders: int) -> list[UUID]:
    """Orders of one customer: other customers' credit is not what is measured here, nor is its own."""
    customer = await writes.create(session, CUSTOMERS, CustomerBody(name=f"Customer {uuid4().hex[:8]}"), ACTOR)
    line = {"product_id": product_id, "quantity": str(QUANTITY), "tax_rate": "0.19"}
    body = OrderBody.model_validate({"customer_id": customer.id, "currency": "EUR", "lines": [line]})
    made = [await commands.create(session, body, ACTOR) for _ in range(orders)]
    return [(await commands.submit(session, row.id, ACTOR)).id for row in made]


async def _faults(address: str, tenant: UUID) -> list[str]:
    """Products of which more is promised than there is, or less than could be; orders left over; double numbers."""
    engine = create_engine(address, SERVICE.name, "app")
    async with transaction(session_factory(engine), tenant) as session:
        statements = (OVERSOLD, UNUSED, UNCONFIRMED, DOUBLE)
        found = [str(each) for statement in statements for each in await session.scalars(statement)]
    await engine.dispose()
    return found


def _show(paces: dict[str, Pace], connections: int, numbered: bool) -> None:
    one, apart, same = paces.values()
    columns = ("", "1 connection", f"{connections}, a product each", f"{connections}, one product", "ratio")
    rows = [
        ("confirmations a second", *(f"{pace.rate:.0f}" for pace in paces.values()), f"{same.rate / apart.rate:.2f}")
    ]
    for percent in (50, 99):
        values = [pace.milliseconds(percent) for pace in (one, apart, same)]
        ratio = f"{values[2] / values[1]:.1f}"
        rows.append((f"milliseconds of one, p{percent}", *(f"{value:.1f}" for value in values), ratio))
    which = "orders that have their number" if numbered else "orders of the CRM, which are numbered at last"
    caption, raw = "ratio: one product to a product each", {name: asdict(pace) for name, pace in paces.items()}
    show.table(f"Confirmation under contention: {which}", columns, rows, caption, raw)
