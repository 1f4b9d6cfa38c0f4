"""Shapes of answers."""

from datetime import datetime
from typing import Any, Literal, Self
from uuid import UUID

from chassis.auth import Principal
from pydantic import BaseModel, ConfigDict, Field

from jobs.models import Job, JobState


class JobOut(BaseModel):
    """A job. It is over when it is `done`, `failed` or `cancelled`."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    kind: str
    state: JobState
    done: int = Field(description="The number of completed steps.")
    total: int | None = Field(description="The number of all steps; null until it is known.")
    result: dict[str, Any] | None
    error: str | None = Field(description="The reason of the failure, or of that of its last attempt.")
    cancel_requested: bool
    created_by: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    allowed: list[Literal["cancel"]] = Field(description="What its state and your scopes allow now.")

    @classmethod
    def of(cls, job: Job, caller: Principal) -> Self:
        """The answer for a job."""
        names = cls.model_fields.keys() - {"allowed"}
        stops = "jobs:write" in caller.scopes and not JobState(job.state).over and not job.cancel_requested
        return cls(allowed=["cancel"] if stops else [], **{name: getattr(job, name) for name in names})
