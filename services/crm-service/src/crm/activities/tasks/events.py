"""Tasks in the CRM; `contracts.kinds.activity` declares their groups."""

from collections.abc import Sequence
from typing import Any

from chassis.replication import created, kind_from
from contracts.activity import TaskState
from records import rows_of
from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from contracts import kinds
from crm.activities.tasks.models import Task


async def recur(session: AsyncSession, task: Any, actor: str) -> None:
    """Create the task of the next occurrence of a completed one whose row is locked; it is created once."""
    if task.state != TaskState.DONE or not task.recurrence or task.archived_at is not None:
        return
    if await session.scalar(select(exists().where(Task.previous_id == task.id))):
        return
    following = task.following()
    if following is not None:
        created(session, TASK, following, actor)


async def _applied(session: AsyncSession, tasks: Sequence[Any]) -> None:
    """Another system may have completed some of them."""
    for task in tasks:
        await recur(session, task, "gateway")


TASK = kind_from(kinds.TASK, system="crm", row=Task, rows=rows_of(Task), applied=_applied)
