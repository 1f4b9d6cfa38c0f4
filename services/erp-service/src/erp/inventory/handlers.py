"""What inventory does in the background: it announces what can be promised."""

from collections.abc import Mapping
from uuid import UUID

from chassis.db import transaction
from chassis.service import Running
from chassis.worker import Task, each_alone, every
from sqlalchemy import select

from erp.inventory.commands.announce import announce_changes
from erp.inventory.models import StockChange

ANNOUNCED_EVERY_SECONDS = 0.3


def tasks(running: Running) -> Mapping[str, Task]:
    """Each tenant's changes in a transaction of its own, at most three times a second."""

    async def announce() -> None:
        async with transaction(running.sessions) as session:
            tenants = (await session.scalars(select(StockChange.tenant_id).distinct())).all()
        await each_alone(tenants, announce_of)

    async def announce_of(tenant: UUID) -> None:
        async with transaction(running.sessions, tenant) as session:
            await announce_changes(session)

    return {"availability": every(ANNOUNCED_EVERY_SECONDS, announce)}
