"""The worker's task: match owners that are texts with employees, many customers at a time."""

from uuid import UUID

from chassis.db import Sessions, transaction
from chassis.service import Running
from chassis.worker import Retries, Task, each_alone, every
from party.matching import tenants_with_texts

from erp.parties.customers import commands
from erp.parties.customers.models import Customer

SECONDS = 2.0


def tasks(running: Running) -> dict[str, Task]:
    """The tasks of this module."""
    retries = Retries[UUID]()

    async def match_owners() -> None:
        await match(running.sessions, retries)

    return {"owners": every(SECONDS, match_owners)}


async def match(sessions: Sessions, retries: Retries[UUID]) -> None:
    """Look once at every tenant that has texts as owners. A tenant with whom that fails has pauses of its own."""
    async with transaction(sessions) as session:
        tenants = await tenants_with_texts(session, Customer) - set(retries.later())

    async def match_of(tenant: UUID) -> None:
        matched = commands.BATCH
        while matched == commands.BATCH:
            async with transaction(sessions, tenant) as session:
                matched = await commands.match_owners(session)

    await each_alone(sorted(tenants), match_of, retries)
