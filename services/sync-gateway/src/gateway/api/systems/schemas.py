"""Systems, and the status of the hub."""

from datetime import datetime
from typing import Literal

from chassis.counting import MOST
from contracts.kinds import Access
from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from gateway.api.systems.registering import RegistrationOut

Connection = Literal["connected", "paused", "away", "restored", "joining"]
Overall = Literal["in_step", "catching_up", "paused", "restored", "attention", "away", "stalled"]

AT_LEAST = f"Which of these counts are lower bounds: the hub counts up to {MOST:,}."


class LatencyOut(BaseModel):
    """The time from an edit in one system to its acknowledgement by this one; of the newest deliveries."""

    p50_seconds: float
    p99_seconds: float
    count: int


class ComparedOut(BaseModel):
    """The comparison of a system, and its progress. Edits are synchronised meanwhile."""

    since: datetime
    because: str
    done: int = Field(description="Records that were compared, of all tenants.")
    total: int


_EXAMPLE: JsonDict = {
    "name": "erp",
    "state": "paused",
    "paused_at": "2026-11-22T09:00:00Z",
    "paused_by": "anna",
    "paused_for": "tenant",
    "away_since": None,
    "away_because": None,
    "pending": 12,
    "waiting": 0,
    "rejected": 1,
    "oldest_pending_age_seconds": 31.4,
    "held_back": 3,
    "unread": 0,
    "oldest_unread_age_seconds": 0.0,
    "kinds_refused": [],
    "latency": {"p50_seconds": 0.12, "p99_seconds": 0.4, "count": 2000},
    "restored": None,
    "joining": None,
    "kinds": {"customer": "writes", "price": "writes"},
    "at_least": [],
}


class PauseScope(BaseModel):
    """The scope of a pause: the caller's tenant, or all tenants."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"all_tenants": True}]})

    all_tenants: bool = Field(default=False, description="Needs the scope `sync:operate`.")


class RefusedKindOut(BaseModel):
    """A kind of record that a system refuses; its other kinds are delivered."""

    model_config = ConfigDict(from_attributes=True)

    kind: str
    reason: str = Field(description="The answer of the system.")
    since: datetime
    tries: int
    again_at: datetime = Field(description="The time of the next attempt.")


class SystemOut(BaseModel):
    """One system: whether it is read and delivered to, and its number of due records."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    name: str
    state: Connection
    paused_at: datetime | None
    paused_by: str | None
    paused_for: Literal["tenant", "all_tenants"] | None = Field(description="Whose records wait while it is paused.")
    away_since: datetime | None
    away_because: str | None
    pending: int = Field(
        description=(
            "Records that are sent as soon as it is available; during a pause also its edits that are not merged."
        )
    )
    waiting: int = Field(description="Records that wait for another record there.")
    rejected: int = Field(description="Records with a value that its rules refuse.")
    oldest_pending_age_seconds: float
    held_back: int = Field(description="Its edits that were read during a pause and are not merged yet.")
    unread: int = Field(description="Its messages, of all tenants, that the hub has not read.")
    oldest_unread_age_seconds: float
    kinds_refused: list[RefusedKindOut]
    latency: LatencyOut | None
    restored: ComparedOut | None = Field(description="Null unless the system is being compared after a restore.")
    joining: ComparedOut | None = Field(
        description="Null unless it is being compared because of kinds that are new to it."
    )
    kinds: dict[str, Access] = Field(description="Its kinds, and whether it writes each or only reads it.")
    registration: RegistrationOut | None = Field(
        default=None, description="How it is reached; null for a system of the settings, and without `sync:operate`."
    )
    at_least: list[str] = Field(description=AT_LEAST)


class Systems(BaseModel):
    items: list[SystemOut]
    next: None = None


class OutboxOut(BaseModel):
    """Golden records and decisions that are not in Kafka yet."""

    pending: int
    oldest_age_seconds: float
    parked: int = Field(description="Events that the broker refuses: `GET /v1/outbox?state=parked` lists them.")
    parked_because: str | None = Field(description="Why the oldest of them is refused.")
    at_least: list[str] = Field(description=AT_LEAST)


class PositionOut(BaseModel):
    """The position of one partition, and since when it is not read although it has messages."""

    topic: str
    partition: int
    next_offset: int
    unread: int
    oldest_unread_age_seconds: float
    stalled_since: datetime | None


class TroubleOut(BaseModel):
    """A stalled part of the hub: its worker, one of the worker's tasks, the broker, the outbox."""

    name: str
    since: datetime | None
    reason: str


class StatusOut(BaseModel):
    """The status of the hub."""

    state: Overall = Field(
        description=(
            "The worst condition: `stalled` (`troubles` lists the stalled parts), `away` (a system is unavailable), "
            "`attention` (a person must act: conflicts, refused values, quarantine), `restored` (a system that was "
            "restored from a backup is being compared), `paused`, `catching_up`, `in_step`."
        )
    )
    systems: list[SystemOut]
    conflicts_open: int
    quarantine_held: int
    records: dict[str, int]
    at_least: list[str] = Field(description=AT_LEAST)
    outbox: OutboxOut
    troubles: list[TroubleOut] = Field(description="The stalled parts, and since when; empty if there are none.")
    positions: list[PositionOut]
