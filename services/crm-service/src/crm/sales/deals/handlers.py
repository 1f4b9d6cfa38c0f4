"""The worker's tasks: match owners of deals with employees, and reassign the records of a leaving employee."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from chassis.db import JsonObject
from chassis.service import Running
from chassis.worker import Task
from jobs import JobKind, Work
from jobs import commands as jobs
from party import matching
from sqlalchemy.ext.asyncio import AsyncSession

from crm.sales.deals import commands, queries
from crm.sales.deals.models import Deal

Give = Callable[[AsyncSession, UUID, UUID, str], Awaitable[int | None]]
STEPS: dict[str, Give] = {"customers": commands.give_customers, "deals": commands.give_deals}


def tasks(running: Running) -> dict[str, Task]:
    """The tasks of this module."""
    return {"owners": matching.task(running, Deal, commands.match_owners)}


async def hand_over(work: Work) -> JsonObject:
    """Give what an employee owns to another one, in batches. The report is kept with each: a restart adds to it."""
    owner_id, to_id = UUID(work.arguments["employee_id"]), UUID(work.arguments["to_id"])
    async with work.transaction() as session:
        given = (await jobs.by_id(session, work.id)).result or dict.fromkeys(STEPS, 0)
        owned = await queries.counted(session, owner_id)
    total = sum(given[name] + owned[name] for name in STEPS)
    for name, give in STEPS.items():
        number: int | None = 0
        while number is not None:
            await work.progress(sum(given.values()), total)
            async with work.transaction() as session:
                number = await give(session, owner_id, to_id, work.actor)
                given = {**given, name: given[name] + (number or 0)}
                (await jobs.by_id(session, work.id)).result = given
    async with work.transaction() as session:
        owned = await queries.counted(session, owner_id)
    return {**given, "kept": {name: number for name, number in owned.items() if name not in STEPS}}


HAND_OVER = JobKind(commands.HAND_OVER, hand_over)
