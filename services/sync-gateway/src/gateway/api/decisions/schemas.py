"""Decisions and conflicts, and the choices of a steward."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from localisation import Phrase
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue, model_validator
from pydantic.config import JsonDict

from gateway.api.kinds import Filters, KindName
from gateway.merge.register import Fate
from gateway.store.decisions import DecisionRow, State

Text = Annotated[str, Field(min_length=1, max_length=200)]


class ConflictFilters(Filters):
    kind: KindName | None = None
    canonical_id: UUID | None = None
    group: Text | None = Field(default=None, description="`email`, `tag:retail`, or `tag:*` for the whole family.")
    since: AwareDatetime | None = Field(default=None, description="Decided at this time or later.")
    until: AwareDatetime | None = Field(default=None, description="Decided before this time.")


class DecisionFilters(ConflictFilters):
    state: State | None = None
    rule: Text | None = Field(default=None, examples=["newest", "strict:erp", "resolved"])


class PolicyRef(BaseModel):
    name: str
    version: int


class ValueOut(BaseModel):
    """One of the values of a decision, with its author and its outcome."""

    origin: str = Field(description="The system it was entered in; `hub` for a steward's choice.")
    value: JsonValue
    actor: str
    at: datetime
    hlc: int = Field(description="The hybrid time, in microseconds, that orders edits made at the same time.")
    event_id: str
    outcome: Fate = Field(description="`refused`: its system may not write this group.")


_EXAMPLE: JsonDict = {
    "id": "0199d5a0-6a4e-7c3f-9d0e-3a4f1f3b2a12",
    "kind": "customer",
    "canonical_id": "0199d5a0-6a4e-7c3f-9d0e-3a4f1f3b2a10",
    "group": "email",
    "rule": "newest",
    "policy": {"name": "newest", "version": 1},
    "winner": "erp",
    "value": "info@alfreds.example",
    "values": [
        {
            "origin": "crm",
            "value": "office@alfreds.example",
            "actor": "anna",
            "at": "2026-11-22T09:29:00Z",
            "hlc": 1795339740000000,
            "event_id": "0199d5a0-6a4e-7c3f-9d0e-3a4f1f3b2a13",
            "outcome": "lost",
        },
        {
            "origin": "erp",
            "value": "info@alfreds.example",
            "actor": "ben",
            "at": "2026-11-22T09:30:00Z",
            "hlc": 1795339800000000,
            "event_id": "0199d5a0-6a4e-7c3f-9d0e-3a4f1f3b2a11",
            "outcome": "kept",
        },
    ],
    "detail": "",
    "event_id": "0199d5a0-6a4e-7c3f-9d0e-3a4f1f3b2a11",
    "state": "decided",
    "decided_at": "2026-11-22T09:30:00.2Z",
    "resolved_at": None,
    "resolved_by": None,
}


class DecisionOut(BaseModel):
    """One line of the decision log: every value, who won, and by which rule. Its id is the conflict's while `open`."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    id: UUID
    kind: str
    canonical_id: UUID
    group: str
    rule: str
    policy: PolicyRef
    winner: str | None = Field(description="The origin whose value is shown; null while there is no winner.")
    value: JsonValue
    values: list[ValueOut]
    detail: str
    event_id: str
    state: State = Field(
        description=(
            "`open` waits for a steward, `resolved` was decided by one, `superseded` was replaced by an author who had "
            "seen the values or by a newer decision, `decided` needed no steward."
        )
    )
    decided_at: datetime
    resolved_at: datetime | None
    resolved_by: str | None

    @classmethod
    def of(cls, row: DecisionRow) -> Self:
        return cls.model_validate(row.shown())


class Pick(BaseModel):
    """Selects one of several values: by its system, or by its event."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"origin": "crm"}]})

    origin: Text | None = None
    event_id: Text | None = None


class Choice(Pick):
    """The result of a conflict: the value of one `origin` (or event), or another `value`."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"origin": "crm"}, {"value": "Call before delivery."}]},
    )

    value: JsonValue = None

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        named = bool({"origin", "event_id"} & self.model_fields_set)
        if named == ("value" in self.model_fields_set):
            raise ValueError(Phrase("send either the `origin` whose value to keep, or a `value`"))
        return self


class ChosenOut(BaseModel):
    """The effect of a steward's choice. `unchanged`: the group has the value already, and nothing was written."""

    outcome: Literal["restored", "resolved", "unchanged"]
    detail: str
    value: JsonValue = Field(description="The new value of the group.")
    rev: int
    due_in: list[str] = Field(description="The systems to which it is delivered.")
    logged_as: UUID | None = Field(description="The decision with the values that the choice replaced.")
    decision: DecisionOut
