"""The job: all that an employee hands over, in batches."""

from uuid import UUID

from chassis.db import JsonObject
from jobs import JobKind, Work
from jobs import commands as jobs

from crm.activities.hand_over import commands
from crm.activities.hand_over.commands import STEPS

MOST_REFUSED = 100


async def hand_over(work: Work) -> JsonObject:
    """Give what an employee owns to the new owners. The report is kept with each batch: a restart adds to it.

    The result has the number of each step; in `kept` how many keep their owner, as history; and in `refused` the first
    reasons by the id of the record.
    """
    employee_id, to = UUID(work.arguments["employee_id"]), work.arguments["to_ids"]
    async with work.transaction() as session:
        given = (await jobs.by_id(session, work.id)).result or dict.fromkeys(STEPS, 0)
        left = await commands.counted(session, employee_id)
    total, refused = sum(given[name] + left[name][0] for name in STEPS), dict[str, str]()
    for name, owned in STEPS.items():
        after: UUID | None = None
        while True:
            done = sum(given.values())
            await work.progress(done, total)
            async with work.transaction() as session:
                batch = await commands.give(session, owned, employee_id, to, done, after, work.actor)
                given = {**given, name: given[name] + batch.number}
                (await jobs.by_id(session, work.id)).result = given
            refused |= batch.refused
            after = batch.last_id
            if after is None:
                break
    async with work.transaction() as session:
        left = await commands.counted(session, employee_id)
    kept = {name: of_all - to_give for name, (to_give, of_all) in left.items() if of_all > to_give}
    return {**given, "kept": kept, "refused": dict(list(refused.items())[:MOST_REFUSED])}


HAND_OVER = JobKind(commands.KIND, hand_over)
