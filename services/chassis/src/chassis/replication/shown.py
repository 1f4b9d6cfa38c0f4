"""The sync fields in the answer of every replicated record."""

from datetime import datetime
from typing import Any, Literal, Self
from uuid import UUID

from fastapi import Response
from pydantic import BaseModel, ConfigDict, Field

from chassis.preconditions import etag
from chassis.replication.kind import Replicated
from chassis.replication.standing import State, sync_state


class RefusedField(BaseModel):
    """A value that another system's rules refuse: the unit of merge, the field in it, and the reason."""

    group: str
    field: str
    code: str | None = Field(default=None, description="The code of the problem, as in its `type`.")
    message: str


class System(BaseModel):
    """The state of this record in another system; `reason` is what it waits for, or why it refuses."""

    state: State
    reason: str | None = None
    fields: list[RefusedField] = Field(default=[], description="While `rejected`: the refused fields.")


class OpenConflict(BaseModel):
    """A group that several systems have changed concurrently; each keeps its value until a person decides."""

    group: str
    rule: str = Field(description="The reason why there is no winner: the policy, or the check that failed.")
    since: datetime | None = None
    decision: UUID | None = Field(default=None, description="The id of its entry in the gateway's decision log.")
    path: str | None = Field(
        default=None,
        description=(
            "The gateway's address that shows all values; `POST /v1/conflicts/{decision}/resolve` resolves it."
        ),
    )


class RecentDecision(BaseModel):
    """An entry of the gateway's decision log about this record."""

    id: UUID
    group: str
    rule: str
    winner: str | None = Field(
        description=("The system whose value is shown, `hub` for a value chosen by a steward; null while open.")
    )
    at: datetime
    state: Literal["decided", "open", "resolved", "superseded"]
    outcome: Literal["kept", "lost", "refused", "parked"] | None = Field(
        description="The outcome of the value of this system; null when it had none."
    )
    path: str = Field(description="The gateway's address that shows all values; `POST {path}/restore` restores one.")


class Sync(BaseModel):
    """The states of all other systems: the worst of them is `state`."""

    canonical_id: UUID | None
    state: State
    systems: dict[str, System]
    conflicts: list[OpenConflict] = Field(
        default=[], description=("The groups that wait for a person; all other groups are synchronised.")
    )
    decisions: list[RecentDecision] = Field(default=[], description="The newest decisions, the newest first.")


class Shown(BaseModel):
    """The base class of answers. `of` reads the fields from the row's attributes of the same names."""

    model_config = ConfigDict(from_attributes=True, json_schema_serialization_defaults_required=True)

    id: UUID
    canonical_id: UUID | None = Field(
        description="The id that all systems share; null until the gateway has assigned one."
    )
    version: int = Field(description="Incremented with every change; the same as in the `ETag`.")
    created_at: datetime
    updated_at: datetime
    archived_at: datetime | None
    sync: Sync

    @classmethod
    def of(cls, row: Replicated, **more: Any) -> Self:
        """The answer for a row."""
        loaded = vars(row)  # A column that is loaded is found there without the ORM's descriptor.
        values = {
            name: loaded[name] if name in loaded else getattr(row, name)
            for name in cls.model_fields
            if name != "sync" and name not in more
        }
        return cls.model_validate({**values, "sync": sync_state(row), **more})

    def tag(self, response: Response) -> Self:
        """Set the version in the `ETag` too."""
        response.headers["ETag"] = etag(self.version)
        return self
