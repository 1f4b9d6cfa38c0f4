"""The table of jobs."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from chassis.db import Base, JsonObject, unique, uuid7
from chassis.errors import Conflict
from chassis.retention import Expiry
from sqlalchemy import CheckConstraint, Index, Text, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

OPEN = text("state in ('queued', 'running')")


class JobState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def over(self) -> bool:
        """Whether it is a final state."""
        return self in (JobState.DONE, JobState.FAILED, JobState.CANCELLED)


class JobOver(Conflict):
    code = "job-over"
    title = "The job has ended"
    detail = "It is {state} since {since}."
    hint = "Only a queued or running job can be cancelled; read its result."


class Job(Base):
    """One job. The worker that runs it holds `lease` until `leased_until`; `tries` is the number of attempts."""

    __tablename__ = "jobs"
    __table_args__ = (
        CheckConstraint("state in ('queued', 'running', 'done', 'failed', 'cancelled')", name="state"),
        unique("id"),
        Index("ix_jobs_open", "try_at", postgresql_where=OPEN),
        Index("ix_jobs_tenant_id_created_at", "tenant_id", "created_at", "id"),
        Index("ix_jobs_finished_at", "finished_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    kind: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text, default=JobState.QUEUED)
    arguments: Mapped[JsonObject]
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int | None]
    result: Mapped[JsonObject | None] = mapped_column(JSONB(none_as_null=True))
    error: Mapped[str | None] = mapped_column(Text)
    created_by: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    cancel_requested: Mapped[bool] = mapped_column(default=False)
    tries: Mapped[int] = mapped_column(default=0)
    try_at: Mapped[datetime] = mapped_column(server_default=func.now())
    lease: Mapped[UUID | None]
    leased_until: Mapped[datetime | None]


FINISHED_JOBS = Expiry(
    "jobs",
    """
    with gone as (
        delete from jobs where id in (select id from jobs where finished_at < :before order by finished_at limit :batch)
        returning id
    )
    select count(*) as removed, case when count(*) = :batch then 0 end as next from gone
    """,
)
