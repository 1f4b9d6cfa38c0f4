"""The background task of inventory: it announces availability."""

from collections.abc import Mapping
from functools import partial
from uuid import UUID

import structlog
from chassis.db import Sessions, transaction
from chassis.service import Running
from chassis.wakeup import woken
from chassis.worker import Retries, Task, each_alone

from erp.warehouse.stock.commands.announce import announce_changes, changed_products, tenants_with_changes

log = structlog.get_logger()
ANNOUNCED_EVERY_SECONDS = 1.0
"""An order changes the stock of each of its products: in a burst of orders a product costs one event a second."""


def tasks(running: Running) -> Mapping[str, Task]:
    """Each tenant's changes in a transaction of its own, at most once a second."""
    return {
        "availability": woken(running.wakeup, ANNOUNCED_EVERY_SECONDS, partial(announce, running.sessions, Retries()))
    }


async def announce(sessions: Sessions, retries: Retries[UUID]) -> None:
    """Announce the changes of all tenants once; a failing tenant does not block others.

    A failing product is retried after its own pauses.
    """
    later = retries.later()
    async with transaction(sessions) as session:
        tenants = await tenants_with_changes(session, later)

    async def announce_of(tenant: UUID) -> None:
        try:
            async with transaction(sessions, tenant) as session:
                await announce_changes(session, later=later)
        except Exception:
            log.exception("availability_failed", tenant=str(tenant))
            await _announce_one_by_one(sessions, tenant, retries)

    await each_alone(tenants, announce_of)


async def _announce_one_by_one(sessions: Sessions, tenant: UUID, retries: Retries[UUID]) -> None:
    """Announce each product alone, so that a failing one is reported and does not block others."""
    async with transaction(sessions, tenant) as session:
        products = await changed_products(session, retries.later())

    async def announce_product(product_id: UUID) -> None:
        async with transaction(sessions, tenant) as session:
            await announce_changes(session, [product_id])

    await each_alone(products, announce_product, retries)
