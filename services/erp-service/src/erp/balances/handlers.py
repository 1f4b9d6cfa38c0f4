"""What the worker does: balances follow the books, many changes at a time."""

from uuid import UUID

from chassis.db import Sessions, transaction
from chassis.service import Running
from chassis.worker import Task, each_alone, every

from erp.balances import commands, queries

SECONDS = 0.3
BATCH = 2_000


def tasks(running: Running) -> dict[str, Task]:
    """The tasks of this module."""

    async def refresh_balances() -> None:
        await refresh(running.sessions)

    return {"balances": every(SECONDS, refresh_balances)}


async def refresh(sessions: Sessions) -> None:
    """Look once at every tenant that has something to look at; what is left over comes with the next round."""
    async with transaction(sessions) as session:
        tenants = await queries.tenants_with_changes(session)

    async def refresh_of(tenant: UUID) -> None:
        async with transaction(sessions, tenant) as session:
            await commands.refresh_changed(session, BATCH)

    await each_alone(tenants, refresh_of)
