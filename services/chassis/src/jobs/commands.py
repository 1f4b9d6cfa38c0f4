"""Enqueue and cancel jobs."""

from typing import Any
from uuid import UUID

from chassis import clock
from chassis.db import JsonObject
from chassis.errors import NotFound
from chassis.wakeup import notify
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from jobs.models import Job, JobOver, JobState


async def enqueue(session: AsyncSession, kind: str, arguments: JsonObject, actor: str) -> Job:
    """A job for the worker, which starts it after the transaction commits."""
    job = Job(kind=kind, arguments=arguments, created_by=actor)
    session.add(job)
    await session.flush()
    await session.refresh(job)
    await notify(session)
    return job


async def by_id(session: AsyncSession, job_id: UUID, *, lock: bool = False) -> Job:
    """One job. Raises `NotFound`."""
    statement: Any = select(Job).where(Job.id == job_id).execution_options(populate_existing=True)
    found: Job | None = await session.scalar(statement.with_for_update() if lock else statement)
    if found is None:
        raise NotFound(id=job_id)
    return found


async def cancel(session: AsyncSession, job_id: UUID) -> Job:
    """Cancel a job: at once when it is queued, else at its next step. Cancelling twice changes nothing. Raises
    `JobOver`."""
    job = await by_id(session, job_id, lock=True)
    if job.state == JobState.CANCELLED:
        return job
    if JobState(job.state).over:
        raise JobOver(state=job.state, since=job.finished_at)
    job.cancel_requested = True
    if job.state == JobState.QUEUED:
        job.state, job.finished_at = JobState.CANCELLED, clock.now()
    await session.flush()
    return job
