"""Use cases on a real database: rows and events."""

import asyncio
from typing import Any

import orjson
import pytest
from chassis import outbox
from chassis.db import create_engine, session_factory, transaction
from chassis.testing import OTHER_TENANT, act_for
from erp.parties.customers.records import CUSTOMERS
from erp.parties.customers.schemas import CustomerBody
from erp.wiring import SERVICE
from party.testing import ALFREDS
from records import writes
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

pytestmark = pytest.mark.servers
TERMS: dict[str, Any] = {"days": 30, "discount_days": 10, "discount_percent": "2"}


def seen(_row: object) -> None:
    """The caller has seen the row as it is."""


async def test_terms_and_credit_are_changed_here_and_announced(session: AsyncSession) -> None:
    row = await writes.create(session, CUSTOMERS, CustomerBody(**ALFREDS), "anna")
    await writes.change(session, CUSTOMERS, row.id, {"payment_terms": TERMS}, "anna", seen)
    found = await session.scalars(select(outbox.OutboxRow.data).order_by(outbox.OutboxRow.id))
    event = orjson.loads(found.all()[-1])
    assert [change["group"] for change in event["changes"]] == ["payment_terms", "life"]
    assert event["changes"][0]["new"] == TERMS


async def test_a_part_of_the_credit_is_changed_alone(session: AsyncSession) -> None:
    body = CustomerBody(name="A", credit={"limit": "1000", "currency": "EUR"})
    row = await writes.create(session, CUSTOMERS, body, "anna")
    await writes.change(session, CUSTOMERS, row.id, {"credit": {"blocked": True}}, "anna", seen)
    assert row.credit == {"limit": "1000.00", "currency": "EUR", "blocked": True}


async def test_each_tenant_counts_its_customers(session: AsyncSession) -> None:
    numbers = [(await writes.create(session, CUSTOMERS, CustomerBody(name="A"), "anna")).number for _ in range(2)]
    await act_for(session, OTHER_TENANT)
    numbers.append((await writes.create(session, CUSTOMERS, CustomerBody(name="A"), "bert")).number)
    assert numbers == ["C-000001", "C-000002", "C-000001"]


async def test_customers_entered_at_once_have_numbers_of_their_own(address: str) -> None:
    """Committed for real, under a tenant of its own: that is the only way to have several transactions."""
    engine = create_engine(address, SERVICE.name, "app", pool_size=8)
    sessions = session_factory(engine)
    tenant = OTHER_TENANT.__class__(int=OTHER_TENANT.int + 1)

    async def enter() -> str:
        async with transaction(sessions, tenant) as own:
            return str((await writes.create(own, CUSTOMERS, CustomerBody(name="A"), "anna")).number)

    try:
        numbers = await asyncio.gather(*(enter() for _ in range(16)))
    finally:
        await engine.dispose()
    assert sorted(numbers) == [f"C-{number:06}" for number in range(1, 17)]
