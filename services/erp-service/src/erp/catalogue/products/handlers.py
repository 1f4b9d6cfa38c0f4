"""A background task: every product gets a SKU."""

from uuid import UUID

from chassis.db import Sessions, transaction
from chassis.service import Running
from chassis.wakeup import woken
from chassis.worker import Task, each_alone
from sqlalchemy import Row, select

from erp.catalogue.products import commands
from erp.catalogue.products.models import Product

SECONDS = 1.0
AT_ONCE = 200


def tasks(running: Running) -> dict[str, Task]:
    """The timers of this module."""

    async def number() -> None:
        await give_skus(running.sessions)

    return {"skus": woken(running.wakeup, SECONDS, number)}


async def give_skus(sessions: Sessions) -> int:
    """Assign a SKU to delivered products of all tenants that have none; returns their number."""
    missing = select(Product.tenant_id, Product.id).where(Product.sku.is_(None), Product.archived_at.is_(None))
    async with transaction(sessions) as session:
        found = (await session.execute(missing.order_by(Product.id).limit(AT_ONCE))).all()

    async def give(product: Row[UUID, UUID]) -> None:
        async with transaction(sessions, product.tenant_id) as session:
            await commands.give_sku(session, product.id)

    await each_alone(found, give)
    return len(found)
