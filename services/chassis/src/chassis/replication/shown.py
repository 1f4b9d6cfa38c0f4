"""What an answer tells of every replicated record, beside its own fields."""

from datetime import datetime
from typing import Any, Literal, Self
from uuid import UUID

from fastapi import Response
from pydantic import BaseModel, ConfigDict, Field

from chassis.preconditions import etag
from chassis.replication.kind import Replicated, sync_state

State = Literal["in_step", "on_its_way", "waiting", "rejected"]


class System(BaseModel):
    """How far another system is with this record; `reason` says what it waits for, or why it refuses."""

    state: State
    reason: str | None = None


class Sync(BaseModel):
    """How far all other systems are: the worst of them is `state`."""

    canonical_id: UUID | None
    state: State
    systems: dict[str, System]


class Shown(BaseModel):
    """The base of answers. `of` takes the fields from the row's attributes of the same names."""

    model_config = ConfigDict(from_attributes=True, json_schema_serialization_defaults_required=True)

    id: UUID
    canonical_id: UUID | None = Field(
        description="The id that all systems share; null until the gateway has given one."
    )
    version: int = Field(description="Counts on with every change; the same as in the `ETag`.")
    created_at: datetime
    updated_at: datetime
    archived_at: datetime | None
    sync: Sync

    @classmethod
    def of(cls, row: Replicated, **more: Any) -> Self:
        """The answer for a row."""
        names = cls.model_fields.keys() - more.keys() - {"sync"}
        return cls.model_validate({**{n: getattr(row, n) for n in names}, "sync": sync_state(row), **more})

    def tag(self, response: Response) -> Self:
        """Say the version in the `ETag` too."""
        response.headers["ETag"] = etag(self.version)
        return self
