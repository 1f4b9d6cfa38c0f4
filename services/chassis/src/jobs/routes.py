"""HTTP of jobs."""

from typing import Annotated
from uuid import UUID

from chassis.auth import requires
from chassis.db import Session, caller_of
from chassis.pages import Page, Paging, Sorting
from chassis.preconditions import IdempotentRoute
from fastapi import APIRouter, Query
from sqlalchemy import select

from jobs import commands
from jobs.models import Job, JobState
from jobs.schemas import JobOut

router = APIRouter(prefix="/v1/jobs", tags=["jobs"], route_class=IdempotentRoute)
SORTING = Sorting({"created_at": Job.created_at}, Job.id, "-created_at")


@router.get("", dependencies=[requires("jobs:read")])
async def list_jobs(
    session: Session,
    paging: Paging,
    state: JobState | None = None,
    kind: Annotated[str | None, Query(max_length=60)] = None,
) -> Page[JobOut]:
    """Jobs in pages, the newest first."""
    wanted = select(Job)
    wanted = wanted if state is None else wanted.where(Job.state == state)
    wanted = wanted if kind is None else wanted.where(Job.kind == kind)
    return await paging.page(session, wanted, SORTING, lambda row: JobOut.of(row[0], caller_of(session)))


@router.get("/{job_id}", dependencies=[requires("jobs:read")])
async def read_job(job_id: UUID, session: Session) -> JobOut:
    """One job: its state, its progress, and its result."""
    return JobOut.of(await commands.by_id(session, job_id), caller_of(session))


@router.post("/{job_id}/cancel", dependencies=[requires("jobs:write")])
async def cancel_job(job_id: UUID, session: Session) -> JobOut:
    """Cancel a job. A running one stops at its next step; its committed steps stay."""
    return JobOut.of(await commands.cancel(session, job_id), caller_of(session))
