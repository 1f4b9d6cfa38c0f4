"""A tenant with a record that fails stops the tasks of no other tenant, and of no other record of its own."""

from collections.abc import Awaitable, Callable
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest
from chassis.db import Sessions, transaction
from chassis.worker import Retries
from erp.catalogue.products.handlers import give_skus
from erp.catalogue.products.models import Product
from erp.catalogue.products.records import PRODUCTS
from erp.catalogue.products.schemas import ProductBody
from erp.finance.balances import handlers as balances
from erp.finance.balances.models import Balance
from erp.ledger import commands as ledger
from erp.ledger.rules import Source
from erp.parties.customers.records import CUSTOMERS
from erp.parties.customers.schemas import CustomerBody
from erp.warehouse.stock import commands as inventory
from erp.warehouse.stock import handlers as availability
from erp.warehouse.stock.commands.warehouses import named
from erp.warehouse.stock.models import AvailabilityRow
from records import writes
from sqlalchemy import select, text, update
from structlog.testing import capture_logs

pytestmark = pytest.mark.servers
DAY = date(2026, 3, 1)
GREATEST = Decimal("9" * 24)
"""Two of them are more than the column of a sum holds."""


@pytest.fixture
def broken() -> UUID:
    return uuid4()


@pytest.fixture
def sound() -> UUID:
    return uuid4()


async def stock(working: Sessions, tenant: UUID, *, too_much: bool = False) -> UUID:
    """A product of which 5 lie in a warehouse; or as much in each of two as one column holds."""
    async with transaction(working, tenant) as session:
        product_id = (await writes.create(session, PRODUCTS, ProductBody(name="Chai"), "anna")).id
        for name in ("Hamburg", "Bremen"):
            warehouse = await named(session, name, "anna")
            given: dict[str, Any] = {"on": DAY, "actor": "anna", "warehouse_id": warehouse.id}
            await inventory.receive(session, product_id, Decimal("2.5"), Decimal(1), **given)
        if too_much:
            great = text("update stock_levels set on_hand = :great where product_id = :id and on_hand > 0")
            await session.execute(great, {"great": GREATEST, "id": product_id})
        return product_id


async def test_a_stock_beyond_any_column_stops_the_availability_of_nothing_else(
    working: Sessions, broken: UUID, sound: UUID
) -> None:
    await stock(working, broken, too_much=True)
    expected = {broken: await stock(working, broken), sound: await stock(working, sound)}
    await availability.announce(working, Retries())
    for tenant, product_id in expected.items():
        async with transaction(working, tenant) as session:
            rows = (await session.scalars(select(AvailabilityRow).where(AvailabilityRow.tenant_id == tenant))).all()
        assert [(row.product_id, row.on_hand) for row in rows] == [(product_id, Decimal(5))]


async def debt(working: Sessions, tenant: UUID, amount: Decimal) -> UUID:
    """A customer who owes twice this amount."""
    posting: dict[str, Any] = {"on": DAY, "currency": "JPY", "amounts": {"amount": amount}}
    async with transaction(working, tenant) as session:
        customer_id = (await writes.create(session, CUSTOMERS, CustomerBody(name="Alfreds"), "anna")).id
        for _ in range(2):
            source = Source("payment", uuid4())
            await ledger.post(session, "payment_out", source=source, actor="anna", party_id=customer_id, **posting)
        return customer_id


async def test_a_debt_beyond_any_column_stops_the_balances_of_nobody_else(
    working: Sessions, broken: UUID, sound: UUID
) -> None:
    await debt(working, broken, GREATEST)
    ten = Decimal(10)
    expected = {broken: await debt(working, broken, ten), sound: await debt(working, sound, ten)}
    await balances.refresh(working, Retries())
    for tenant, customer_id in expected.items():
        async with transaction(working, tenant) as session:
            rows = (await session.scalars(select(Balance).where(Balance.tenant_id == tenant))).all()
        assert [(row.customer_id, row.open) for row in rows] == [(customer_id, Decimal(20))]


class Rounds:
    """Rounds of a timer, at times that the test sets."""

    def __init__(self, tenant: UUID, round_: Callable[[Retries[UUID]], Awaitable[None]]) -> None:
        self.tenant = tenant
        self.round = round_
        self.now = 0.0
        self.retries = Retries[UUID](now=lambda: self.now)

    async def failures(self, item: UUID, at: float) -> list[float]:
        """Run one round; in how many seconds the item that it failed with is tried again."""
        self.now = at
        with capture_logs() as lines:
            await self.round(self.retries)
        failed = [line for line in lines if line["event"] == "item_failed" and line["item"] == str(item)]
        whole = [line for line in lines if line.get("tenant") == str(self.tenant)]
        assert len(whole) == len(failed), "the tenant as a whole is tried in vain no more often than the item"
        return [line["again_in_seconds"] for line in failed]


async def failing_debt(working: Sessions, tenant: UUID) -> UUID:
    return await debt(working, tenant, GREATEST)


async def failing_stock(working: Sessions, tenant: UUID) -> UUID:
    return await stock(working, tenant, too_much=True)


@pytest.mark.parametrize(
    ("fails", "timer"),
    [(failing_debt, balances.refresh), (failing_stock, availability.announce)],
    ids=["debt", "stock"],
)
async def test_what_keeps_failing_is_tried_and_reported_after_growing_pauses(
    working: Sessions, broken: UUID, fails: Any, timer: Any
) -> None:
    item = await fails(working, broken)
    rounds = Rounds(broken, partial(timer, working))
    told = {at: await rounds.failures(item, at=at) for at in (0, 0.3, 0.6, 1.1, 2, 3, 3.2)}
    assert told == {0: [1], 0.3: [], 0.6: [], 1.1: [2], 2: [], 3: [], 3.2: [4]}


async def test_a_customer_that_pauses_holds_up_no_other_of_its_tenant(working: Sessions, broken: UUID) -> None:
    failing = await debt(working, broken, GREATEST)
    rounds = Rounds(broken, partial(balances.refresh, working))
    assert await rounds.failures(failing, at=0) == [1]
    customer_id = await debt(working, broken, Decimal(10))
    assert await rounds.failures(failing, at=0.3) == []
    async with transaction(working, broken) as session:
        rows = (await session.scalars(select(Balance).where(Balance.tenant_id == broken))).all()
    assert [(row.customer_id, row.open) for row in rows] == [(customer_id, Decimal(20))]


async def without_sku(working: Sessions, tenant: UUID, last_number: int) -> UUID:
    """A product that came from another system; the tenant has given out this many numbers."""
    async with transaction(working, tenant) as session:
        product_id = (await writes.create(session, PRODUCTS, ProductBody(name="Chai", sku="1"), "anna")).id
        await session.execute(update(Product).where(Product.id == product_id).values(sku=None, sku_key=None))
        counted = text("insert into counters (name, value) values ('P-', :value)")
        await session.execute(counted, {"value": last_number})
        return product_id


async def test_a_counter_at_its_end_stops_the_numbers_of_no_other_tenants_products(
    working: Sessions, broken: UUID, sound: UUID
) -> None:
    await without_sku(working, broken, 2**63 - 1)
    product_id = await without_sku(working, sound, 6)
    await give_skus(working)
    async with transaction(working, sound) as session:
        assert await session.scalar(select(Product.sku).where(Product.id == product_id)) == "P-000007"
