"""The announcement of reminders."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import structlog
from access.tenants import is_suspended
from activities.columns import OPEN_STATES
from chassis import clock
from chassis.announced import Announced, announce_once
from chassis.db import is_passing, trace_of, uuid7
from contracts.kinds import announced
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from crm.activities.reminders.models import TaskReminder
from crm.activities.reminders.schemas import TaskReminderOut
from crm.activities.tasks.models import Task

log = structlog.get_logger()
TASK_REMINDER = Announced(announced.TASK_REMINDER)
AT_ONCE = 100


async def tenants_to_remind(session: AsyncSession) -> Sequence[UUID]:
    """The tenants of reminders that are due; suspended ones wait."""
    due = select(Task.tenant_id).where(_waiting(), Task.reminds_at <= clock.now())
    return list(await session.scalars(due.distinct()))


async def next_reminder(session: AsyncSession) -> datetime | None:
    """When the next reminder is due."""
    return await session.scalar(select(func.min(Task.reminds_at)).where(_waiting()))


class Reminded(NamedTuple):
    """How many reminders were due, and the tasks whose reminder failed."""

    due: int
    failed: Sequence[UUID]


async def remind(session: AsyncSession, later: Collection[UUID] = ()) -> Reminded:
    """Announce the reminders of a tenant that are due, at most `AT_ONCE`, without the tasks of `later`.

    Each has a savepoint that marks and announces it: one that fails is reported, and leaves the others announced.
    """
    now = clock.now()
    wanted = select(Task).where(_waiting(), Task.reminds_at <= now, Task.id.not_in(later))
    due = wanted.order_by(Task.reminds_at).limit(AT_ONCE).with_for_update(skip_locked=True)
    tasks = {task.id: task for task in await session.scalars(due)}
    return Reminded(len(tasks), [key for key, task in tasks.items() if not await _remind_of(session, key, task, now)])


async def _remind_of(session: AsyncSession, task_id: UUID, task: Task, now: datetime) -> bool:
    try:
        async with session.begin_nested():
            task.reminded_at = now
            reminder = _of(task, now)
            session.add(reminder)
            announce_once(session, TASK_REMINDER, reminder.id, _values(reminder))
    except Exception as error:
        if is_passing(error):
            raise
        log.error("reminder_failed", task=str(task_id), exc_info=trace_of(error))
        return False
    return True


def _waiting() -> ColumnElement[bool]:
    return (
        Task.reminded_at.is_(None)
        & Task.reminds_at.is_not(None)
        & Task.state.in_(OPEN_STATES)
        & Task.archived_at.is_(None)
        & ~is_suspended(Task.tenant_id)
    )


def _of(task: Task, now: datetime) -> TaskReminder:
    return TaskReminder(
        id=uuid7(),
        task_id=task.id,
        employee_id=task.assignee_id,
        customer_id=task.customer_id,
        subject=task.subject,
        priority=task.priority,
        reminds_at=task.reminds_at,
        due_at=task.due_at,
        announced_at=now,
    )


def _values(reminder: TaskReminder) -> dict[str, Any]:
    shown = TaskReminderOut.model_validate(reminder).model_dump(mode="json", exclude={"id", "announced_at"})
    return {name.removesuffix("_id"): value for name, value in shown.items()}
