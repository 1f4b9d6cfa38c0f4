"""Balances follow the books on a real database: coalesced, and only when something changed."""

import asyncio
from decimal import Decimal
from uuid import UUID

import orjson
import pytest
from chassis import outbox
from chassis.db import Sessions, create_engine, session_factory, transaction
from chassis.replication import Delivery, apply
from chassis.testing import OTHER_TENANT, TENANT, act_for
from chassis.worker import Retries
from contracts.groups import GROUPS, check_value
from erp.finance.balances import commands, handlers, queries
from erp.finance.balances.events import BALANCE
from erp.finance.balances.models import Balance, BalanceChange
from erp.finance.payments.commands import entering
from erp.finance.payments.schemas import AssignBody
from erp.ledger import queries as ledger
from erp.parties.customers.records import CUSTOMERS
from erp.sales.orders import queries as orders
from erp.wiring import SERVICE
from records import writes
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from .factories import LIMIT, a_customer, a_payment, an_invoice, an_order

pytestmark = pytest.mark.servers
ALL = 10_000


async def balance(session: AsyncSession, customer_id: UUID, currency: str = "EUR") -> Balance | None:
    found = await queries.of_customers(session, [customer_id])
    return next((row for row in found if row.currency == currency), None)


async def refreshed(session: AsyncSession, customer_id: UUID) -> Balance:
    await commands.refresh_changed(session, ALL)
    row = await balance(session, customer_id)
    assert row is not None
    return row


async def announced(session: AsyncSession) -> int:
    topic = outbox.OutboxRow.topic == BALANCE.topic
    return await session.scalar(select(func.count()).select_from(outbox.OutboxRow).where(topic)) or 0


async def test_a_balance_is_what_the_ledger_and_the_orders_say(session: AsyncSession) -> None:
    customer_id = await a_customer(session, credit=LIMIT)
    await an_invoice(session, customer_id, "300")
    await a_payment(session, customer_id, "100")
    await an_order(session, customer_id, "250")
    row = await refreshed(session, customer_id)
    assert row.open == await ledger.balance(session, "receivables", "EUR", customer_id) == 200
    assert await orders.on_order(session, [customer_id]) == {(customer_id, "EUR"): row.on_order}
    assert row.on_order == 250
    assert (row.credit_limit, row.credit_left, row.blocked) == (Decimal(1000), Decimal(550), False)


async def test_each_currency_has_a_balance_of_its_own(session: AsyncSession) -> None:
    customer_id = await a_customer(session, credit={**LIMIT, "blocked": True})
    await an_invoice(session, customer_id, "70", currency="USD")
    await commands.refresh_changed(session, ALL)
    dollars, euros = await balance(session, customer_id, "USD"), await balance(session, customer_id)
    assert dollars is not None
    assert euros is not None
    assert (dollars.open, dollars.credit_left, dollars.blocked) == (Decimal(70), None, True)
    assert (euros.open, euros.credit_left, euros.blocked) == (Decimal(0), Decimal(1000), True)


async def test_a_customer_of_whom_there_is_nothing_to_say_has_none(session: AsyncSession) -> None:
    customer_id = await a_customer(session)
    await commands.refresh(session, [customer_id])
    assert await balance(session, customer_id) is None


async def test_many_changes_are_one_announcement_and_none_when_it_comes_to_the_same(session: AsyncSession) -> None:
    customer_id = await a_customer(session)
    for _ in range(5):
        await an_invoice(session, customer_id, "10")
    await refreshed(session, customer_id)
    assert await announced(session) == 1
    payment = await a_payment(session, None, "50")
    await entering.assign(session, payment.id, AssignBody(customer_id=customer_id), "anna")
    await entering.assign(session, payment.id, AssignBody(customer_id=customer_id), "anna")
    await an_invoice(session, customer_id, "50")
    row = await refreshed(session, customer_id)
    assert (row.open, await announced(session)) == (Decimal(50), 1)


async def test_nothing_is_noted_that_cannot_change_a_balance(session: AsyncSession) -> None:
    customer_id = await a_customer(session)
    await writes.change(session, CUSTOMERS, customer_id, {"notes": "Call first"}, "anna", lambda _: None)
    await a_payment(session, None, "5")
    assert await session.scalar(select(func.count()).select_from(BalanceChange)) == 0
    await writes.change(session, CUSTOMERS, customer_id, {"credit": LIMIT}, "anna", lambda _: None)
    assert (await refreshed(session, customer_id)).credit_left == 1000
    await writes.change(session, CUSTOMERS, customer_id, {"credit": None}, "anna", lambda _: None)
    assert (await refreshed(session, customer_id)).credit_left is None
    assert await commands.refresh_changed(session, ALL) == 0


async def test_an_order_that_is_invoiced_or_cancelled_is_no_longer_on_order(session: AsyncSession) -> None:
    customer_id = await a_customer(session)
    order = await an_order(session, customer_id, "250")
    assert (await refreshed(session, customer_id)).on_order == 250
    order.on_order = Decimal(0)
    await session.flush()
    assert (await refreshed(session, customer_id)).on_order == 0


async def test_what_is_announced_is_of_the_published_shape(session: AsyncSession) -> None:
    customer_id = await a_customer(session, credit=LIMIT)
    await an_invoice(session, customer_id, "300")
    await refreshed(session, customer_id)
    topic = outbox.OutboxRow.topic == BALANCE.topic
    event = orjson.loads((await session.scalars(select(outbox.OutboxRow.data).where(topic))).one())
    assert event["snapshot"]["balance"]["credit_left"] == "700.00"
    for group, value in event["snapshot"].items():
        assert check_value(GROUPS["balance"], group, value) == value


async def test_a_balance_is_not_taken_from_others(session: AsyncSession) -> None:
    customer_id = await a_customer(session, credit=LIMIT)
    row = await refreshed(session, customer_id)
    value = {**BALANCE.read(row)["balance"], "open": "-5"}
    for local_id, other in ((row.id, TENANT), (None, OTHER_TENANT)):
        item = {
            "canonical_id": other,
            "local_id": local_id,
            "seen_seq": 1,
            "groups": [{"group": "balance", "value": value, "rev": 1}],
        }
        (outcome,) = await apply(session, BALANCE, [Delivery.model_validate(item)])
        assert outcome.outcome == "rejected"


async def test_balances_are_right_when_several_write_and_look_at_once(committed: str) -> None:
    """Committed for real: two tenants, writers and two workers at once."""
    engine = create_engine(committed, SERVICE.name, "app", pool_size=6)
    workers = create_engine(committed, SERVICE.name, "worker", pool_size=4)
    sessions, all_tenants = session_factory(engine), session_factory(workers)
    try:
        owners = {tenant: await _customer(sessions, tenant) for tenant in (TENANT, OTHER_TENANT)}
        writing = [_owe(sessions, tenant, owner) for tenant, owner in owners.items() for _ in range(8)]
        looking = [handlers.refresh(all_tenants, Retries()) for _ in range(4)]
        await asyncio.gather(*writing, *looking)
        await handlers.refresh(all_tenants, Retries())
        for tenant, owner in owners.items():
            async with transaction(sessions, tenant) as session:
                row = await balance(session, owner)
                assert row is not None
                assert row.open == 80
                assert await session.scalar(select(func.count()).select_from(BalanceChange)) == 0
    finally:
        await engine.dispose()
        await workers.dispose()


async def _customer(sessions: Sessions, tenant: UUID) -> UUID:
    async with transaction(sessions, tenant) as session:
        return await a_customer(session)


async def _owe(sessions: Sessions, tenant: UUID, customer_id: UUID) -> None:
    async with transaction(sessions, tenant) as session:
        await an_invoice(session, customer_id, "10")


async def test_a_tenant_acts_for_itself(session: AsyncSession) -> None:
    customer_id = await a_customer(session, credit=LIMIT)
    await act_for(session, OTHER_TENANT)
    assert await commands.refresh_changed(session, ALL) == 0
    await act_for(session, TENANT)
    assert (await refreshed(session, customer_id)).credit_left == 1000
