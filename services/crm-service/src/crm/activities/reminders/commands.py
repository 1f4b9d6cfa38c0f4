"""The announcement of reminders."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from access.tenants import is_suspended
from activities.columns import OPEN_STATES
from chassis import clock
from chassis.announced import Announced, announce_once
from chassis.db import uuid7
from contracts.kinds import announced
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from crm.activities.reminders.models import TaskReminder
from crm.activities.reminders.schemas import TaskReminderOut
from crm.activities.tasks.models import Task

TASK_REMINDER = Announced(announced.TASK_REMINDER)
AT_ONCE = 100


async def tenants_to_remind(session: AsyncSession) -> Sequence[UUID]:
    """The tenants of reminders that are due; suspended ones wait."""
    due = select(Task.tenant_id).where(_waiting(), Task.reminds_at <= clock.now())
    return list(await session.scalars(due.distinct()))


async def next_reminder(session: AsyncSession) -> datetime | None:
    """When the next reminder is due."""
    return await session.scalar(select(func.min(Task.reminds_at)).where(_waiting()))


async def remind(session: AsyncSession) -> int:
    """Announce the reminders of a tenant that are due, each in the transaction that marks it; at most `AT_ONCE`."""
    now = clock.now()
    due = select(Task).where(_waiting(), Task.reminds_at <= now).order_by(Task.reminds_at).limit(AT_ONCE)
    tasks = list(await session.scalars(due.with_for_update(skip_locked=True)))
    for task in tasks:
        task.reminded_at = now
        reminder = _of(task, now)
        session.add(reminder)
        announce_once(session, TASK_REMINDER, reminder.id, _values(reminder))
    await session.flush()
    return len(tasks)


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
