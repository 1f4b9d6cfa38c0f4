"""Deliveries that are not acknowledged, and their retry."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from gateway.api.kinds import Filters, KindName
from gateway.api.records.schemas import RefusalOut, Text
from gateway.store.deliveries import Delivery
from gateway.store.deliveries import State as DeliveryState
from gateway.store.records import Record


class DeliveryFilters(Filters):
    state: Literal["pending", "waiting", "rejected"] | None = Field(
        default=None,
        description=(
            "`pending` is sent as soon as the system is available, `waiting` needs another record there first, "
            "`rejected` has values that the system refuses, which are retried after growing pauses. Default: all three."
        ),
    )
    system: Text | None = None
    kind: KindName | None = None
    canonical_id: UUID | None = None


_EXAMPLE: JsonDict = {
    "id": "0199d5a0-6a4e-7c3f-9d0e-3a4f1f3b2a10.erp",
    "kind": "customer",
    "canonical_id": "0199d5a0-6a4e-7c3f-9d0e-3a4f1f3b2a10",
    "system": "erp",
    "name": "Alfreds Futterkiste",
    "state": "rejected",
    "since": "2026-11-22T09:30:00Z",
    "reason": "The tax id is not valid. DE123 is no German VAT number.",
    "waiting_for": None,
    "refused": [
        {
            "group": "legal:6d0f4c1e-9b1f-5a53-8a53-0a4f6a9c7f11",
            "rev": 2,
            "since": "2026-11-22T09:30:00Z",
            "problem": {
                "type": "/problems/tax-id-invalid",
                "title": "The tax id is not valid",
                "status": 409,
                "detail": "DE123 is no German VAT number.",
                "hint": "Correct the tax id in the record.",
            },
        }
    ],
    "missing": [],
    "tries": 3,
    "due_at": "2026-11-22T09:30:14Z",
}


class DeliveryOut(BaseModel):
    """One record that a system does not have completely, and the reason."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    id: str = Field(description="`<canonical id>.<system>`")
    kind: str
    canonical_id: UUID
    system: str
    name: str | None = Field(description="The name or number of the record.")
    state: DeliveryState
    since: datetime
    reason: str | None
    waiting_for: str | None
    refused: list[RefusalOut]
    missing: list[str] = Field(description="The groups that are still to be delivered.")
    tries: int
    due_at: datetime | None = Field(description="The time of its next check; of refused groups too.")

    @classmethod
    def of(cls, delivery: Delivery, record: Record) -> Self:
        refused = RefusalOut.all_of(delivery)
        moments = [refusal.since for refusal in refused if refusal.since is not None]
        return cls(
            id=f"{delivery.canonical_id}.{delivery.system}",
            kind=delivery.kind,
            canonical_id=delivery.canonical_id,
            system=delivery.system,
            name=record.name(),
            state="rejected" if refused else DELIVERY_STATES[delivery.state],
            since=min(moments, default=delivery.due_at if delivery.state == "pending" else delivery.changed_at),
            # An older refusal is shown until the system has accepted the newer value.
            reason=delivery.reason({}),
            waiting_for=delivery.waiting_for,
            refused=refused,
            missing=delivery.dirty(record.decoded),
            tries=max([delivery.tries, *(refusal.get("tries", 0) for refusal in delivery.refused.values())]),
            due_at=delivery.due_at if delivery.state != "idle" else None,
        )


DELIVERY_STATES: dict[str, DeliveryState] = {
    "idle": "idle",
    "pending": "pending",
    "waiting": "waiting",
    "rejected": "rejected",
}


class Retry(BaseModel):
    """The deliveries to retry; omitted filters match all."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"system": "erp", "kind": "customer"}]})

    system: Text | None = None
    kind: KindName | None = None
    canonical_ids: Annotated[list[UUID], Field(min_length=1, max_length=200)] | None = None


class Retried(BaseModel):
    """The number of deliveries that are retried at once, and of those left for the next call."""

    retried: int
    remaining: int
