"""The worker's task: announce reminders when they are due, each tenant apart from all others."""

import asyncio
from uuid import UUID

from chassis import clock
from chassis.db import Sessions, transaction
from chassis.service import Running
from chassis.worker import Retries, Task, each_alone, pause

from crm.activities.reminders import commands

LONGEST_PAUSE_SECONDS = 10.0
"""A reminder that is entered meanwhile, for a moment before the next known one, is at most so late."""

RETRY_SECONDS = 1.0
"""A reminder that is due and still there has failed, or its task is locked."""


def tasks(running: Running) -> dict[str, Task]:
    """The tasks of this module."""

    async def run(stop: asyncio.Event) -> None:
        retries: Retries[UUID] = Retries(first_seconds=RETRY_SECONDS)
        while not stop.is_set():
            seconds = await seconds_to_next(running.sessions)
            if seconds <= 0:
                await remind_all(running.sessions, retries)
            await pause(stop, max(seconds, RETRY_SECONDS))

    return {"reminders": run}


async def remind_all(sessions: Sessions, retries: Retries[UUID] | None = None) -> None:
    """Announce all reminders that are due; a tenant or a reminder that fails does not stop the others.

    `retries` are the tasks whose reminder has failed: they are tried again after growing pauses.
    """
    failed: Retries[UUID] = retries or Retries()
    async with transaction(sessions) as session:
        tenants = await commands.tenants_to_remind(session)

    async def whole(tenant: UUID) -> None:
        due = commands.AT_ONCE
        while due == commands.AT_ONCE:
            async with transaction(sessions, tenant) as session:
                done = await commands.remind(session, failed.later())
            due = done.due
            for task_id in done.failed:
                failed.postpone(task_id)

    await each_alone(tenants, whole)


async def seconds_to_next(sessions: Sessions) -> float:
    """How long nothing is due; not more than zero when something is."""
    async with transaction(sessions) as session:
        due_at = await commands.next_reminder(session)
    if due_at is None:
        return LONGEST_PAUSE_SECONDS
    return min((due_at - clock.now()).total_seconds(), LONGEST_PAUSE_SECONDS)
