"""An order: from its submission in the CRM until the CRM shows that the ERP has confirmed it.

Beside it the ERP alone, which confirms an order that was entered and submitted with it, while the hub is paused; and
two bare chains, one behind the other, which carry an order's event there and back and decide nothing.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg
import httpx
from adjustments.transport import Transport
from stack.services import Stack

from tests.e2e.clients import Company
from tests.e2e.trade import a_product

from . import costs, measure, show
from .chains import Chain, bare_chain_and_back, database
from .measure import Times

CUSTOMERS = 20
PRODUCTS = 10
LINES = 2
WRITERS = 8
REST_SECONDS = 1.3  # Longer than the ERP gathers changes of stock and balances before it tells of them.
STOCK = "100000"
VISIBLE = "confirmed"
SEEN = "milliseconds from the beginning of the submission; seen here by a SELECT every 2 ms"
SEEN_IN_BURST = "milliseconds from the beginning of the submission; seen here by a SELECT every 20 ms"
CONFIRMED = "select reference as mark from orders where reference = any($1) and state = 'confirmed'"


@dataclass(frozen=True)
class Trade:
    """Who orders what: ids of one system, in the same sequence in both."""

    customers: list[str]
    products: list[str]

    def order(self, number: int, mark: str) -> dict[str, Any]:
        """An order of two products; its reference is the mark."""
        chosen = [self.products[(number + each) % PRODUCTS] for each in range(LINES)]
        return {
            "customer_id": self.customers[number % CUSTOMERS],
            "currency": "EUR",
            "reference": mark,
            "lines": [{"product_id": each, "quantity": "3", "tax_rate": "0.19"} for each in chosen],
        }


class Through:
    """Entered and submitted in the CRM by one request; the CRM shows it confirmed."""

    name = "Concord"
    seen = CONFIRMED

    def __init__(self, client: httpx.AsyncClient, there: Any, trade: Trade) -> None:
        self.client = client
        self.there = there
        self.trade = trade

    async def edit(self, record: int, mark: str) -> None:
        body = {**self.trade.order(record, mark), "submit": True}
        (await self.client.post("/v1/orders", json=body)).raise_for_status()


class Alone(Through):
    """Entered and submitted in the ERP, which needs two requests; the ERP shows it confirmed."""

    name = "ERP alone"

    async def edit(self, record: int, mark: str) -> None:
        answer = await self.client.post("/v1/orders", json=self.trade.order(record, mark))
        order_id = answer.raise_for_status().json()["id"]
        (await self.client.post(f"/v1/orders/{order_id}/submit")).raise_for_status()


@dataclass
class Found:
    """What was measured, by chain."""

    alone: dict[str, Times]
    steady: dict[str, Times]
    burst: dict[str, Times]
    rates: dict[str, float]

    def add(self, other: "Found") -> None:
        """Take in other chains."""
        for name, values in vars(other).items():
            getattr(self, name).update(values)


def prepare(stack: Stack) -> dict[str, Trade]:
    """Customers of the CRM and products of the ERP that stand on both sides, by system."""
    company = Company.in_stack(stack)
    made = [company.crm.create("customer", name=f"Customer {each}", currency="EUR") for each in range(CUSTOMERS)]
    customers = [company.both("customer", each) for each in made]
    products = [a_product(company, stock=STOCK, name=f"Product {each}") for each in range(PRODUCTS)]
    return {
        system: Trade([each[side]["id"] for each in customers], [each[side]["id"] for each in products])
        for side, system in enumerate(("crm", "erp"))
    }


async def run(stack: Stack, orders: int, rate: float, seconds: float, burst: int) -> None:
    """Measure one order at a time, a steady rate, and a burst; print what was found."""
    trades = await asyncio.to_thread(prepare, stack)
    hub = await asyncpg.connect(database(stack, "gateway"))
    async with _office(stack, "crm", Through, trades) as ours, bare_chain_and_back(stack) as bare:
        await measure.crowd(ours, 40, CUSTOMERS, WRITERS)
        await measure.crowd(bare, 40, CUSTOMERS, WRITERS)
        show.console.print(f"{orders} orders alone, {rate:g} a second for {seconds:g} s, and {burst} at once ...")
        await measure.quiet(hub)
        found = await _all([ours, bare], orders, rate, seconds, 0)
        await measure.quiet(hub)
        before = await costs.note(stack)
        found.rates[ours.name], found.burst[ours.name] = await measure.crowd(ours, burst, CUSTOMERS, WRITERS)
        await measure.quiet(hub)
        after = await costs.note(stack)
        logged = Counter[str]()
        async with costs.statements(stack, logged):
            await measure.crowd(ours, burst // 2, CUSTOMERS, WRITERS)
            await measure.quiet(hub)
        found.rates[bare.name], found.burst[bare.name] = await measure.crowd(bare, burst, CUSTOMERS, WRITERS)
        await _nothing_lost(stack)
    async with _office(stack, "erp", Alone, trades) as alone:
        with Company.in_stack(stack).hub.paused("crm", "erp"):
            await measure.crowd(alone, 40, CUSTOMERS, WRITERS)
            found.add(await _all([alone], orders, rate, seconds, burst))
    await hub.close()
    _show(found, rate, burst)
    costs.table(f"What one of these {burst} orders costs in Concord", before, after, burst)
    costs.table("Statements of one order, in another burst", {}, logged, burst // 2)


async def _all(chains: list[Chain], orders: int, rate: float, seconds: float, burst: int) -> Found:
    alone = await measure.alone(chains, orders, CUSTOMERS, REST_SECONDS)
    found = Found(alone, await measure.steady(chains, rate, seconds, CUSTOMERS), {}, {})
    for chain in chains if burst else ():
        found.rates[chain.name], found.burst[chain.name] = await measure.crowd(chain, burst, CUSTOMERS, WRITERS)
    return found


async def _nothing_lost(stack: Stack) -> None:
    """Every order of the CRM is confirmed, is one in the ERP, and has a number of its own."""
    counts = []
    for system in ("crm", "erp"):
        connection = await asyncpg.connect(database(stack, system))
        statement = "select count(*), count(distinct number) filter (where state = 'confirmed') from orders"
        counts += list(await connection.fetchrow(statement))
        await connection.close()
    if len(set(counts)) > 1:
        raise RuntimeError(f"orders and confirmed numbers of the CRM and the ERP are not the same: {counts}")


def _show(found: Found, rate: float, burst: int) -> None:
    show.times("One order at a time", found.alone, VISIBLE, SEEN)
    show.times(f"{rate:g} orders a second", found.steady, VISIBLE, SEEN)
    title = f"{burst} orders by {WRITERS} writers, over {CUSTOMERS} customers and {PRODUCTS} products"
    show.times(title, found.burst, VISIBLE, SEEN_IN_BURST)
    show.rates("The same, until all are confirmed and visible", "orders a second", found.rates)


@asynccontextmanager
async def _office(stack: Stack, system: str, kind: type[Through], trades: dict[str, Trade]) -> AsyncIterator[Through]:
    there = await asyncpg.connect(database(stack, system))
    headers = {"Authorization": f"Bearer {stack.token()}"}
    async with httpx.AsyncClient(
        base_url=stack.urls[system], headers=headers, timeout=60, transport=Transport()
    ) as client:
        yield kind(client, there, trades[system])
    await there.close()
