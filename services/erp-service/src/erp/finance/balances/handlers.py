"""The worker's task: recompute balances, many changes at a time."""

from uuid import UUID

import structlog
from chassis.db import Sessions, transaction
from chassis.service import Running
from chassis.wakeup import woken
from chassis.worker import Retries, Task, each_alone

from erp.finance.balances import commands, queries

log = structlog.get_logger()
SECONDS = 1.0
BATCH = 2_000


def tasks(running: Running) -> dict[str, Task]:
    """The tasks of this module."""

    retries = Retries[UUID]()

    async def refresh_balances() -> None:
        await refresh(running.sessions, retries)

    return {"balances": woken(running.wakeup, SECONDS, refresh_balances)}


async def refresh(sessions: Sessions, retries: Retries[UUID]) -> None:
    """Process every tenant with changes once; remaining changes are processed in the next round.

    A customer that fails is retried after its own pauses.
    """
    later = retries.later()
    async with transaction(sessions) as session:
        tenants = await queries.tenants_with_changes(session, later)

    async def refresh_of(tenant: UUID) -> None:
        try:
            async with transaction(sessions, tenant) as session:
                await commands.refresh_changed(session, BATCH, later=later)
        except Exception:
            log.exception("balances_failed", tenant=str(tenant))
            await _refresh_one_by_one(sessions, tenant, retries)

    await each_alone(tenants, refresh_of)


async def _refresh_one_by_one(sessions: Sessions, tenant: UUID, retries: Retries[UUID]) -> None:
    """Recompute each customer alone, so that a failing one is reported and does not block others."""
    async with transaction(sessions, tenant) as session:
        customers = await queries.customers_with_changes(session, BATCH, retries.later())

    async def refresh_customer(customer_id: UUID) -> None:
        async with transaction(sessions, tenant) as session:
            await commands.refresh_changed(session, BATCH, customer_id)

    await each_alone(customers, refresh_customer, retries)
