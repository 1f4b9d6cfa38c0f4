"""Golden records, their links, and their state in each system."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from chassis.described import ProblemFacts
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue
from pydantic.config import JsonDict

from gateway.api.kinds import Filters, KindName
from gateway.merge.register import Register
from gateway.merge.rules import policy_of
from gateway.store.deliveries import Delivery, Stage
from gateway.store.links import Link
from gateway.store.policies import Policies
from gateway.store.records import Record

Text = Annotated[str, Field(min_length=1, max_length=200)]
Hindrances = Mapping[str, str]
"""The reason why nothing is delivered to a system: {system: text}."""


class RecordFilters(Filters):
    q: Text | None = Field(default=None, description="Words in the name, number, e-mail address or phone.")
    updated_since: AwareDatetime | None = None
    parked: Literal["true", "false"] | None = Field(default=None, description="Whether a group waits for a steward.")
    state: Stage | None = Field(
        default=None, description="`in_step` with every system; or in this state in at least one."
    )


class LinkFilters(Filters):
    kind: KindName | None = None
    system: Text | None = None
    local_id: Text | None = None
    canonical_id: UUID | None = None


class LinkOut(BaseModel):
    """The local record of a system, and the reason of the link."""

    id: UUID
    kind: str
    system: str
    local_id: str
    canonical_id: UUID
    seen_seq: int = Field(description="The newest edit of that system that the hub has merged.")
    tier: str = Field(
        description="T1 strong key, T2 e-mail or phone and a similar name, T4 new; `created` by the hub;"
        " `mended` by a steward."
    )
    reason: str
    linked_at: datetime


class HeadOut(BaseModel):
    """An edit that no other author has seen yet."""

    origin: str = Field(description="The system in which it was made; `hub` for a steward's choice.")
    value: JsonValue
    actor: str
    at: datetime
    rev: int
    event_id: str


class GroupOut(BaseModel):
    """The state of one group: its value, the rule, and all heads."""

    value: JsonValue = Field(description="The golden value; while `parked` only a provisional one.")
    rev: int
    policy: str
    rule: str = Field(description="The rule that selected the value: the policy, `non_empty`, `resolved`, ...")
    parked: bool = Field(description="Waits for a steward; until then it is not delivered.")
    held_because: str | None
    heads: list[HeadOut]

    @classmethod
    def of(cls, register: Register, policy: str) -> Self:
        heads = [
            {"origin": o, "value": h.value, "actor": h.actor, "at": h.at, "rev": h.rev, "event_id": h.event_id}
            for o, h in register.heads.items()
        ]
        shown = {"value": register.value, "rev": register.rev, "rule": register.rule, "parked": register.parked}
        return cls.model_validate({**shown, "policy": policy, "held_because": register.hold, "heads": heads})


class StandingOut(BaseModel):
    """The state of a record in a system."""

    state: Stage
    reason: str | None = Field(description="Why it is not in step.")

    @classmethod
    def of(cls, delivery: Delivery, record: Record, hindrances: Hindrances) -> Self:
        stage = delivery.stage(record.decoded)
        hindrance = hindrances.get(delivery.system) if stage == "on_its_way" else None
        return cls(state=stage, reason=delivery.reason(record.decoded) or hindrance)


class ExplainedSystem(BaseModel):
    """Why a record is, or is not, in a system."""

    system: str
    state: Stage | None = Field(description="Null when the system has nothing of the record.")
    sentences: list[str]


class ExplanationOut(BaseModel):
    """Why a record is, or is not, in each system."""

    kind: str
    canonical_id: UUID
    name: str | None
    systems: list[ExplainedSystem]


class RefusalOut(BaseModel):
    """A revision that a system's rules refuse, with its answer in full."""

    group: str
    rev: int
    since: datetime | None
    problem: ProblemFacts | None

    @classmethod
    def all_of(cls, delivery: Delivery) -> list[Self]:
        refused = delivery.refused.items()
        return [cls.model_validate({"group": g, "since": None, **refusal}) for g, refusal in refused]


class SpokeOut(StandingOut):
    """The state of a record in one system, and the reason why it is not complete."""

    system: str
    local_id: str | None
    missing: list[str] = Field(description="The groups still to be delivered, without the refused ones.")
    refused: list[RefusalOut]
    waiting_for: str | None
    acknowledged: dict[str, int] = Field(description="The revision of each group that it has.")


_EXAMPLE: JsonDict = {
    "kind": "customer",
    "canonical_id": "0199d5a0-6a4e-7c3f-9d0e-3a4f1f3b2a10",
    "created_at": "2026-11-22T08:00:00Z",
    "updated_at": "2026-11-22T09:30:00Z",
    "parked": [],
    "groups": {
        "email": {
            "value": "info@alfreds.example",
            "rev": 3,
            "policy": "newest",
            "rule": "newest",
            "parked": False,
            "held_because": None,
            "heads": [
                {
                    "origin": "erp",
                    "value": "info@alfreds.example",
                    "actor": "ben",
                    "at": "2026-11-22T09:30:00Z",
                    "rev": 3,
                    "event_id": "0199d5a0-6a4e-7c3f-9d0e-3a4f1f3b2a11",
                }
            ],
        }
    },
    "links": [
        {
            "id": "0199d5a0-6a4e-7c3f-9d0e-3a4f1f3b2a14",
            "kind": "customer",
            "system": "crm",
            "local_id": "0199d5a0-0000-7000-8000-000000000001",
            "canonical_id": "0199d5a0-6a4e-7c3f-9d0e-3a4f1f3b2a10",
            "seen_seq": 2,
            "tier": "T4",
            "reason": "nothing like it is known",
            "linked_at": "2026-11-22T08:00:00Z",
        }
    ],
    "systems": [
        {
            "system": "crm",
            "local_id": "0199d5a0-0000-7000-8000-000000000001",
            "state": "in_step",
            "reason": None,
            "missing": [],
            "refused": [],
            "waiting_for": None,
            "acknowledged": {"email": 3},
        }
    ],
}


class RecordOut(BaseModel):
    """All data of the hub about one record."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    kind: str
    canonical_id: UUID
    created_at: datetime
    updated_at: datetime
    parked: list[str]
    groups: dict[str, GroupOut]
    links: list[LinkOut]
    systems: list[SpokeOut]

    @classmethod
    def of(
        cls,
        record: Record,
        links: Iterable[Link],
        deliveries: Iterable[Delivery],
        hindrances: Hindrances,
        policies: Policies,
    ) -> Self:
        spec, known, linked = policies.spec(record.tenant_id, record.kind), record.decoded, list(links)
        local_ids = {link.system: link.local_id for link in linked}
        return cls(
            kind=record.kind,
            canonical_id=record.canonical_id,
            created_at=record.created_at,
            updated_at=record.changed_at,
            parked=record.parked(),
            groups={g: GroupOut.of(r, policy_of(known, g, spec).name) for g, r in sorted(known.items())},
            links=[LinkOut.model_validate(link.shown()) for link in linked],
            systems=[_spoke(delivery, record, local_ids, hindrances) for delivery in deliveries],
        )


def _spoke(delivery: Delivery, record: Record, local_ids: Mapping[str, str], hindrances: Hindrances) -> SpokeOut:
    return SpokeOut(
        **StandingOut.of(delivery, record, hindrances).model_dump(),
        system=delivery.system,
        local_id=local_ids.get(delivery.system),
        missing=delivery.dirty(record.decoded),
        refused=RefusalOut.all_of(delivery),
        waiting_for=delivery.waiting_for,
        acknowledged=delivery.acked,
    )


class RecordSummary(BaseModel):
    """One record in a list: its golden values, and its state in each system."""

    kind: str
    canonical_id: UUID
    created_at: datetime
    updated_at: datetime
    values: dict[str, JsonValue]
    parked: list[str]
    local_ids: dict[str, str] = Field(description="Its id in each system that has it.")
    systems: dict[str, StandingOut]

    @classmethod
    def of(cls, record: Record, links: Iterable[Link], deliveries: Iterable[Delivery], hindrances: Hindrances) -> Self:
        return cls.model_validate(
            {
                "kind": record.kind,
                "canonical_id": record.canonical_id,
                "created_at": record.created_at,
                "updated_at": record.changed_at,
                "values": record.values(),
                "parked": record.parked(),
                "local_ids": {link.system: link.local_id for link in links},
                "systems": {d.system: StandingOut.of(d, record, hindrances) for d in deliveries},
            }
        )
