"""The worker's task: freeze the forecast of each tenant once a week, each tenant apart from all others."""

from uuid import UUID

from chassis import clock
from chassis.db import Sessions, transaction
from chassis.service import Running
from chassis.worker import Retries, Task, each_alone, every

from crm.sales.forecast import commands
from crm.sales.forecast.rules import week_of

SECONDS = 600.0
"""Between two looks at all tenants: a forecast is frozen in the first minutes of a Monday."""


def tasks(running: Running) -> dict[str, Task]:
    """The tasks of this module."""
    retries = Retries[UUID]()

    async def freeze() -> None:
        await freeze_all(running.sessions, retries)

    return {"forecasts": every(SECONDS, freeze)}


async def freeze_all(sessions: Sessions, retries: Retries[UUID]) -> None:
    """Freeze the forecasts that are missing this week; a tenant that fails does not stop the others."""
    today = clock.today()
    async with transaction(sessions) as session:
        tenants = set(await commands.tenants_to_freeze(session, week_of(today))) - set(retries.later())

    async def freeze_of(tenant: UUID) -> None:
        async with transaction(sessions, tenant) as session:
            await commands.freeze(session, today)

    await each_alone(sorted(tenants), freeze_of, retries)
