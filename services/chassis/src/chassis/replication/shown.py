"""What an answer tells of every replicated record, beside its own fields."""

from datetime import datetime
from typing import Any, Literal, Self
from uuid import UUID

from fastapi import Response
from pydantic import BaseModel, ConfigDict, Field

from chassis.preconditions import etag
from chassis.replication.kind import Replicated
from chassis.replication.standing import State, sync_state


class RefusedField(BaseModel):
    """What the rules of another system refuse: the unit of merge, the field in it, and why."""

    group: str
    field: str
    code: str | None = Field(default=None, description="The code of the problem, as in its `type`.")
    message: str


class System(BaseModel):
    """How far another system is with this record; `reason` says what it waits for, or why it refuses."""

    state: State
    reason: str | None = None
    fields: list[RefusedField] = Field(default=[], description="While `rejected`: what is refused, field by field.")


class OpenConflict(BaseModel):
    """A group that several systems have changed unseen by each other; each keeps its value until a person decides."""

    group: str
    rule: str = Field(description="Why nobody has won: the policy, or what the gateway holds it for.")
    since: datetime | None = None
    decision: UUID | None = Field(default=None, description="Its line in the gateway's decision log.")
    path: str | None = Field(
        default=None, description="Where the gateway shows all values; `POST /v1/conflicts/{decision}:resolve` ends it."
    )


class RecentDecision(BaseModel):
    """A line of the gateway's decision log about this record."""

    id: UUID
    group: str
    rule: str
    winner: str | None = Field(description="The system whose value is shown, `hub` for a steward's; null while open.")
    at: datetime
    state: Literal["decided", "open", "resolved", "superseded"]
    outcome: Literal["kept", "lost", "refused", "parked"] | None = Field(
        description="What became of the value of this system; null when it had none in it."
    )
    path: str = Field(description="Where the gateway shows all values; `POST {path}:restore` brings one back.")


class Sync(BaseModel):
    """How far all other systems are: the worst of them is `state`."""

    canonical_id: UUID | None
    state: State
    systems: dict[str, System]
    conflicts: list[OpenConflict] = Field(default=[], description="What waits for a person; all other groups go on.")
    decisions: list[RecentDecision] = Field(default=[], description="The newest few decisions, the newest first.")


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
