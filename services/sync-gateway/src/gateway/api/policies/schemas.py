"""Policies in force, and simulated results of others."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue

from gateway.api.decisions.schemas import Text, ValueOut
from gateway.api.kinds import KindName

Reason = Annotated[str, Field(min_length=3, max_length=500, description="The reason; it is stored with the version.")]


class PolicyOut(BaseModel):
    """One rule of the table of policies."""

    policy: str = Field(examples=["newest", "prefer:crm", "strict:erp"])
    version: int
    meaning: str
    owner: str | None = Field(description="The only system that may write the group, when there is one.")


class PhaseOut(PolicyOut):
    """The policy that applies while another group of the record has one of `values`."""

    group: str = Field(examples=["state"])
    values: list[str] = Field(examples=[["submitted", "confirmed"]])


class GroupPolicyOut(PolicyOut):
    """One group, or a family of them: `tag:*` stands for one register per tag."""

    group: str
    once: PhaseOut | None = Field(description="The policy that applies in certain states of the record.")
    built_in: str = Field(description="The policy of a tenant that has chosen none.")
    compared_as: str = Field(description="Which values are equal, although systems store them in different forms.")
    refers_to: str | None = Field(description="The kind of record that the value refers to.")


class ChoiceBody(BaseModel):
    """Another policy for a group."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"policy": "prefer:crm", "reason": "Sales keeps these addresses."}]},
    )

    policy: Text = Field(examples=["newest", "prefer:crm"])
    reason: Reason


class RollbackBody(BaseModel):
    """A return to an earlier version; 1 is the built-in policy."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"version": 1, "reason": "Tried for a month."}]}
    )

    version: Annotated[int, Field(ge=1, le=2**31 - 1)]
    reason: Reason


class VersionOut(BaseModel):
    """One version of the policy of a group. Version 1 is built in and has no author."""

    version: int
    policy: str
    author: str | None = None
    reason: str | None = None
    at: datetime | None = None


class ChosenPolicyOut(GroupPolicyOut):
    """The policy of one group in force, and all its versions, the newest first."""

    kind: str
    versions: list[VersionOut]


class InvariantOut(BaseModel):
    """A rule that a merged record must keep; one that breaks it is a conflict of that group."""

    name: str
    meaning: str


class KindPoliciesOut(BaseModel):
    kind: str
    groups: list[GroupPolicyOut]
    invariants: list[InvariantOut]


class Policies(BaseModel):
    items: list[KindPoliciesOut]
    next: None = None


class Simulation(BaseModel):
    """The simulated policy for one group, or with `tag:*` for a whole family."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"kind": "customer", "group": "email", "policy": "prefer:crm"}]},
    )

    kind: KindName
    group: Text
    policy: Text = Field(examples=["newest", "prefer:crm"])
    since: AwareDatetime | None = None
    limit: Annotated[int, Field(ge=1, le=1000)] = 200


class OtherPolicy(BaseModel):
    """The simulated policy."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"policy": "prefer:crm"}]})

    policy: Text = Field(examples=["newest", "prefer:crm"])
    since: AwareDatetime | None = None
    limit: Annotated[int, Field(ge=1, le=1000)] = 200


class OutcomeOut(BaseModel):
    """The result of a decision."""

    value: JsonValue
    winner: str | None
    parked: bool


class SimulatedOut(BaseModel):
    """One past decision under the other policy."""

    decision_id: UUID
    canonical_id: UUID
    group: str
    decided_at: datetime
    values: list[ValueOut]
    policy: str = Field(description="The policy that was in force then.")
    was: OutcomeOut
    would_be: OutcomeOut
    changed: bool


class SimulationOut(BaseModel):
    """The newest decisions of the group under the other policy, without a steward's choices."""

    kind: str
    group: str
    policy: str
    decisions: int
    changed: int = Field(description="Decisions with another value or another parked state.")
    newly_parked: int
    no_longer_parked: int
    items: list[SimulatedOut]
