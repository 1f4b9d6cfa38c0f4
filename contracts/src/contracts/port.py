"""The replication port of a spoke: `POST /replication/v1/{kind}`, a batch in, an outcome per item out.

Any system that implements this port can be a spoke: the hub writes to spokes only through it.
"""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue

from contracts.events import Seen
from contracts.references import Reference

Rev = Annotated[int, Field(ge=0)]
Outcome = Literal["applied", "already", "skipped", "rejected"]
"""applied: written. already: it had that revision. skipped: it has an edit that the hub has not merged yet; the item is
sent again. rejected: its rules refuse the value."""


class PortPart(BaseModel):
    """Frozen and strict: unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class DeliveredGroup(PortPart):
    """The current value of one group. A reference is the receiver's own local id."""

    group: str
    value: JsonValue = None
    rev: Annotated[int, Field(ge=1)]


class RefusedField(PortPart):
    """A field that another system's rules refuse; `code` is the code of the problem."""

    group: str
    field: str
    code: str | None = None
    message: str


class Peer(PortPart):
    """The state of the record in another system; while `rejected`, the refused fields."""

    state: Literal["in_step", "on_its_way", "waiting", "conflict", "rejected"]
    reason: str | None = None
    fields: tuple[RefusedField, ...] = ()


class OpenConflict(PortPart):
    """A group that waits for a person; every system keeps its own value until then. `path` is an address of the hub."""

    group: str
    rule: str
    since: AwareDatetime | None = None
    decision: UUID | None = None
    path: str | None = None


class RecentDecision(PortPart):
    """A decision about the record; `outcome` is the outcome of the receiver's value, null when it had none."""

    id: UUID
    group: str
    rule: str
    winner: str | None = None
    at: AwareDatetime
    state: Literal["decided", "open", "resolved", "superseded"]
    outcome: Literal["kept", "lost", "refused", "parked"] | None = None
    path: str


class LastMerged(PortPart):
    """The receiver's latest event of the record that the hub has merged: its time and its number."""

    time_us: Annotated[int, Field(ge=0)]
    seq: Annotated[int, Field(ge=0)]


class Floor(PortPart):
    """The item contains every revision of a family's members above `after` and up to `rev`."""

    after: Annotated[int, Field(ge=0)]
    rev: Annotated[int, Field(ge=1)]


class DeliveryItem(PortPart):
    """Bring one record to these revisions; without `local_id` create it, once per canonical id.

    `seen_seq` is the newest edit of the receiver that the hub has merged into these values; a group that was edited
    later, or later than `last_merged`, is `skipped`. A receiver that has applied all revisions of a family (`tag`) up
    to a floor may drop the marks of removed members: it answers `already` to a later delivery of such a member with a
    revision up to the floor. `peers`, `conflicts` and `decisions` are for display; they change no value.
    `correlation_id` is that of the newest edit in it: the receiver logs it, and its event about this item carries it.
    `traceparent` (W3C) is the trace of that edit, if it is recorded: the receiver's event carries it too.
    `seen` names the edits that are contained in the values; the receiver stores it with each group's revision, and
    sends it in the changes of later edits.
    """

    canonical_id: UUID
    local_id: str | None = None
    seen_seq: Annotated[int, Field(ge=0)] = 0
    last_merged: LastMerged | None = None
    hlc: Annotated[int, Field(ge=0)] = 0
    groups: tuple[DeliveredGroup, ...] = ()
    references: dict[str, Reference] = {}
    peers: dict[str, Peer] = {}
    floors: dict[str, Floor] = {}
    seen: Seen = {}
    conflicts: Annotated[tuple[OpenConflict, ...], Field(max_length=20)] | None = None
    decisions: Annotated[tuple[RecentDecision, ...], Field(max_length=5)] | None = None
    correlation_id: Annotated[str, Field(max_length=128)] | None = None
    traceparent: Annotated[str, Field(max_length=128)] | None = None


class DeliveryRequest(PortPart):
    """One batch."""

    items: Annotated[tuple[DeliveryItem, ...], Field(max_length=200)]


class ItemOutcome(PortPart):
    """The outcome of one item; `problems` (RFC 9457) gives for each rejected group the reason.

    `problem` is the first of them, or the reason why the item was refused as a whole. `ahead` are the groups of which
    the receiver has a greater revision than was delivered, with that revision.
    """

    canonical_id: UUID
    outcome: Outcome
    local_id: str | None = None
    seq: Annotated[int, Field(ge=0)] = 0
    groups: dict[str, Outcome] = {}
    ahead: dict[str, Rev] = {}
    problem: dict[str, JsonValue] | None = None
    problems: dict[str, dict[str, JsonValue]] = {}


class DeliveryAnswer(PortPart):
    """The outcomes, in the order of the items."""

    items: tuple[ItemOutcome, ...]


class PortStatus(BaseModel):
    """The status of a system. A restored system has another `incarnation`, or its `position` has gone back."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    system: str
    kinds: tuple[str, ...]
    incarnation: str = Field(
        description="Identifies the database: `<server>/<database>`, `7400.../1/16384`. It changes with a restore."
    )
    position: int = Field(ge=0, description="The number of the newest event; it never decreases.")
    clock: AwareDatetime


class PortProblem(BaseModel):
    """A problem document (RFC 9457): the reason of a refusal, for people."""

    model_config = ConfigDict(frozen=True, extra="allow")

    type: str
    title: str
    status: int | None = None
    detail: str | None = None
    hint: str | None = None
