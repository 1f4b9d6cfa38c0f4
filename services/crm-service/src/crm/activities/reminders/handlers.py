"""The worker's task: announce reminders when they are due, each tenant apart from all others."""

import asyncio
from uuid import UUID

from chassis import clock
from chassis.db import Sessions, transaction
from chassis.service import Running
from chassis.worker import Task, each_alone, pause

from crm.activities.reminders import commands

LONGEST_PAUSE_SECONDS = 10.0
"""A reminder that is entered meanwhile, for a moment before the next known one, is at most so late."""

RETRY_SECONDS = 1.0
"""A reminder that is due and still there has failed, or its task is locked."""


def tasks(running: Running) -> dict[str, Task]:
    """The tasks of this module."""

    async def run(stop: asyncio.Event) -> None:
        while not stop.is_set():
            seconds = await seconds_to_next(running.sessions)
            if seconds <= 0:
                await remind_all(running.sessions)
            await pause(stop, max(seconds, RETRY_SECONDS))

    return {"reminders": run}


async def remind_all(sessions: Sessions) -> None:
    """Announce all reminders that are due; a tenant that fails does not stop the others."""
    async with transaction(sessions) as session:
        tenants = await commands.tenants_to_remind(session)

    async def whole(tenant: UUID) -> None:
        number = commands.AT_ONCE
        while number == commands.AT_ONCE:
            async with transaction(sessions, tenant) as session:
                number = await commands.remind(session)

    await each_alone(tenants, whole)


async def seconds_to_next(sessions: Sessions) -> float:
    """How long nothing is due; not more than zero when something is."""
    async with transaction(sessions) as session:
        due_at = await commands.next_reminder(session)
    if due_at is None:
        return LONGEST_PAUSE_SECONDS
    return min((due_at - clock.now()).total_seconds(), LONGEST_PAUSE_SECONDS)
