"""Systems, and how the hub is doing as a whole."""

from datetime import datetime
from typing import Literal

from chassis.counting import MOST
from contracts.kinds import Access
from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

Connection = Literal["connected", "paused", "away", "restored", "joining"]
Overall = Literal["in_step", "catching_up", "paused", "restored", "attention", "away", "stalled"]

AT_LEAST = f"Which of these counts are lower bounds: the hub counts to {MOST:,} and no further."


class LatencyOut(BaseModel):
    """From an edit in one system to the answer of this one that it stands there; of the newest deliveries."""

    p50_seconds: float
    p99_seconds: float
    count: int


class ComparedOut(BaseModel):
    """A system of which everything is compared, and how much of it was since. Edits go on."""

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
    """For whom a system is paused or resumed: the caller's tenant, or everyone."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"all_tenants": True}]})

    all_tenants: bool = Field(default=False, description="Needs the scope `sync:operate`.")


class RefusedKindOut(BaseModel):
    """A kind of record that a system does not take; its other kinds go on."""

    model_config = ConfigDict(from_attributes=True)

    kind: str
    reason: str = Field(description="What the system answered.")
    since: datetime
    tries: int
    again_at: datetime = Field(description="When it is asked again.")


class SystemOut(BaseModel):
    """One system: whether it is read and delivered to, and how many records are due there."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    name: str
    state: Connection
    paused_at: datetime | None
    paused_by: str | None
    paused_for: Literal["tenant", "all_tenants"] | None = Field(description="Whose records wait while it is paused.")
    away_since: datetime | None
    away_because: str | None
    pending: int = Field(
        description="Records that go as soon as it takes them; during a pause also its edits that are not merged."
    )
    waiting: int = Field(description="Records that need another one there first.")
    rejected: int = Field(description="Records of which its rules refuse a value.")
    oldest_pending_age_seconds: float
    held_back: int = Field(description="Its edits that were read during a pause and are not merged yet.")
    unread: int = Field(description="Its messages, of all tenants, that the hub has not read.")
    oldest_unread_age_seconds: float
    kinds_refused: list[RefusedKindOut]
    latency: LatencyOut | None
    restored: ComparedOut | None = Field(description="Null unless the system is being compared after a restore.")
    joining: ComparedOut | None = Field(
        description="Null unless it is brought up to date with kinds that are new to it."
    )
    kinds: dict[str, Access] = Field(description="What it holds, and whether it writes it or only reads it.")
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
    """How far one partition has been read, and since when nothing was although it holds something."""

    topic: str
    partition: int
    next_offset: int
    unread: int
    oldest_unread_age_seconds: float
    stalled_since: datetime | None


class TroubleOut(BaseModel):
    """Something of the hub that does not move: its worker, one of the worker's tasks, the broker, the outbox."""

    name: str
    since: datetime | None
    reason: str


class StatusOut(BaseModel):
    """The hub at a glance."""

    state: Overall = Field(
        description="The worst that is so: `stalled` (`troubles` says what does not move), `away` (a system cannot be"
        " reached), `attention` (a person is needed: conflicts, refused values, quarantine), `restored` (a system that"
        " was restored from a backup is being compared), `paused`, `catching_up`, `in_step`."
    )
    systems: list[SystemOut]
    conflicts_open: int
    quarantine_held: int
    records: dict[str, int]
    at_least: list[str] = Field(description=AT_LEAST)
    outbox: OutboxOut
    troubles: list[TroubleOut] = Field(description="What does not move, since when; empty while all is well.")
    positions: list[PositionOut]
