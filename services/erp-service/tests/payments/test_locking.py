"""Who changes the same payments and customers at the same time, each with a connection of its own, waits in no ring."""

import asyncio
from uuid import UUID, uuid4

import pytest
from chassis.db import Sessions, transaction
from erp.finance.payments.commands import entering
from erp.finance.payments.commands.locking import lock_customers
from erp.finance.payments.models import Payment
from erp.finance.payments.schemas import AssignBody
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from .factories import a_customer, a_payment

pytestmark = pytest.mark.servers
WAITING = text("select count(*) from pg_locks where not granted")


async def so_many_wait(session: AsyncSession, wanted: int) -> None:
    async with asyncio.timeout(10):
        while await session.scalar(WAITING) != wanted:  # noqa: ASYNC110  (the event is in the database)
            await asyncio.sleep(0.01)


async def test_who_finds_that_the_payment_has_moved_gives_way_before_it_queues_again(committing: Sessions) -> None:
    tenant = uuid4()
    async with transaction(committing, tenant) as session:
        first, second = sorted([await a_customer(session), await a_customer(session, "Berglunds")])
        payment_id = (await a_payment(session, None)).id

    async def assign(customer_id: UUID) -> UUID | None:
        async with transaction(committing, tenant) as own:
            row = await entering.assign(own, payment_id, AssignBody(customer_id=customer_id), "anna")
            return row.customer_id

    async def queue_for_both() -> None:
        async with transaction(committing, tenant) as own:
            await lock_customers(own, [first, second])

    async with asyncio.TaskGroup() as tasks, transaction(committing, tenant) as session:
        await entering.assign(session, payment_id, AssignBody(customer_id=first), "anna")
        assigning = tasks.create_task(assign(second))  # Has queued for the second customer; the payment is locked.
        await so_many_wait(session, 1)
        tasks.create_task(queue_for_both())
        await so_many_wait(session, 2)
    assert assigning.result() == second
    async with transaction(committing, tenant) as session:
        row = await session.get_one(Payment, payment_id)
        assert (row.customer_id, row.posted_customer_id) == (second, second)
