"""The bodies of the port: a batch of deliveries, and an outcome for each."""

from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from chassis.described import ProblemFacts
from chassis.replication.kind import Json, Moment
from chassis.replication.told import Decided, Parked, Peer

ItemOutcome = Literal["applied", "already", "skipped", "rejected"]


class Shape(BaseModel):
    """Strict shapes: an unknown field is refused."""

    model_config = ConfigDict(extra="forbid")


class Value(Shape):
    """The current value of one group at a revision of the hub."""

    group: str
    value: Json = None
    rev: int = Field(ge=1)


class Reference(Shape):
    """The record that a group's value refers to; `value` holds the receiver's local id."""

    kind: str
    canonical_id: UUID


class LastMerged(Shape):
    """The last of the row's events that the hub has merged: its time in microseconds since 1970, and its number."""

    time_us: int = Field(ge=0)
    seq: int = Field(ge=0)


class Floor(Shape):
    """The delivery contains every revision of a family's members above `after` and up to `rev`."""

    after: int = Field(ge=0)
    rev: int = Field(ge=1)


class Delivery(Shape):
    """Bring one record to these revisions. Without `local_id`, create it once per `canonical_id`.

    `peers`, `conflicts` and `decisions` are for display; if they are omitted, the stored ones stay. `correlation_id` is
    that of the edit which caused it; the log lines and the event of this item carry it. `traceparent` is its trace, if
    that is recorded; the event carries it too. `seen` names the edits that are contained in the values, for each system
    as `[time_us, seq]`: the row stores it and its next edits send it.
    """

    canonical_id: UUID
    local_id: UUID | None = None
    seen_seq: int = Field(default=0, ge=0)
    last_merged: LastMerged | None = None
    hlc: int = Field(default=0, ge=0)
    groups: list[Value] = []
    references: dict[str, Reference] = {}
    peers: dict[str, Peer] = {}
    floors: dict[str, Floor] = {}
    seen: dict[str, tuple[int, int]] = {}
    conflicts: list[Parked] | None = None
    decisions: list[Decided] | None = None
    correlation_id: str | None = None
    traceparent: str | None = None

    @property
    def moment(self) -> Moment | None:
        """The last event that the hub had merged, if it is given."""
        return Moment(self.last_merged.time_us, self.last_merged.seq) if self.last_merged else None


class Deliveries(Shape):
    """One batch."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "items": [
                        {
                            "canonical_id": "01936f2a-3e00-7a10-8b00-00000000f001",
                            "hlc": 1763784005000000,
                            "groups": [{"group": "name", "value": "Alfreds Futterkiste", "rev": 1}],
                        }
                    ]
                }
            ]
        }
    )

    items: list[Delivery] = Field(max_length=200)


class Delivered(Shape):
    """The outcome of one item; `groups` gives the outcome of each group, `problems` the reason of each rejection.

    `problem` is the first of them, or the reason why the item was refused as a whole. `ahead` are the groups of which
    this system has a greater revision than was delivered, with that revision: the delivery is late, or the hub was
    restored from a backup.
    """

    canonical_id: UUID
    outcome: ItemOutcome
    local_id: str | None = None
    seq: int = 0
    groups: dict[str, ItemOutcome] = {}
    ahead: dict[str, int] = {}
    problem: ProblemFacts | None = None
    problems: dict[str, ProblemFacts] = {}


class Outcomes(Shape):
    """The answer, in the order of the items."""

    items: list[Delivered]
