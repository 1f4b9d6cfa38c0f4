"""The data of every event of CRM, ERP and hub.

Consumers ignore fields they do not know: inside v1 there are only additions.
"""

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar, Literal, Self
from uuid import UUID

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    SerializeAsAny,
    create_model,
    model_validator,
)

from contracts.groups import (
    GOLDEN_GROUPS,
    GROUPS,
    GroupValues,
    Shapes,
    announced_shapes,
    check_value,
    values_model,
)
from contracts.kinds import TABLES
from contracts.kinds.announced import ANNOUNCED, AnnouncedKind
from contracts.kinds.table import PARTITIONS

Seq = Annotated[int, Field(ge=1)]
"""Number of the edit of one row, without gaps: a consumer detects loss, duplicates and wrong order."""

Rev = Annotated[int, Field(ge=0)]
"""The hub's revision of one group; 0 before the hub has merged it."""

Hlc = Annotated[int, Field(ge=0)]
"""Hybrid logical clock in microseconds; it orders only concurrent edits."""


Seen = dict[str, tuple[Annotated[int, Field(ge=0)], Annotated[int, Field(ge=0)]]]
"""For each system how far the events of its row were merged: `[time_us, seq]`, the latest time, the greatest number."""


class EventPart(BaseModel):
    """Frozen, and open for additional fields."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class GroupChange(EventPart):
    """One group of an edit. `ctx` is the hub's revision that the author had seen.

    `after` is the number of the row's previous edit of the group, 0 if there was none. Without it the author is taken
    to have seen every earlier edit. `seen` repeats what was delivered with the revision `ctx`: it names the edits that
    the author had seen, and stays valid after the hub was restored from a backup. Without it `ctx` decides alone.
    """

    group: str
    old: JsonValue
    new: JsonValue
    ctx: Rev
    after: Annotated[int, Field(ge=0)] | None = None
    seen: Seen | None = None


class AnnouncedChange(EventPart):
    """One group of a change; null is no value."""

    group: str
    old: JsonValue
    new: JsonValue


class GroupMark(EventPart):
    """The state of one group of the row: its last local edit, and the hub's revision that it has.

    `at` is the time of the event of that edit, in microseconds since 1970; `seen` was delivered with the revision.
    """

    seq: Annotated[int, Field(ge=0)]
    rev: Rev
    hlc: Hlc
    at: Annotated[int, Field(ge=0)] | None = None
    seen: Seen | None = None


class ShownValues(EventPart):
    """Values that the system's API shows beside the groups: derived, or assigned once."""


def _check_changes(shapes: Shapes, changes: Iterable[GroupChange | AnnouncedChange]) -> None:
    """Raises `ValueError` unless each value has the shape of its group."""
    for change in changes:
        for value in (change.old, change.new):
            if value is not None:
                check_value(shapes, change.group, value)


class RecordChanged(EventPart):
    """A record was entered, changed, archived, or updated by a delivery of the hub (`origin: gateway`).

    The snapshot is the whole record after the edit, so that any event can be skipped or replayed.
    """

    shapes: ClassVar[Shapes]

    kind: str
    local_id: str
    canonical_id: UUID | None
    seq: Seq
    hlc: Hlc
    origin: Literal["user", "gateway"]
    actor: str
    changes: tuple[GroupChange, ...]
    snapshot: SerializeAsAny[GroupValues]
    sync: dict[str, GroupMark]

    @model_validator(mode="after")
    def _changes_have_the_shape_of_their_group(self) -> Self:
        _check_changes(self.shapes, self.changes)
        return self


class RecordAnnounced(EventPart):
    """A record that only one system holds was entered or changed.

    The snapshot is the whole record after the change; `seq` is its version.
    """

    shapes: ClassVar[Shapes]

    kind: str
    local_id: UUID
    seq: Seq
    changes: tuple[AnnouncedChange, ...]
    snapshot: SerializeAsAny[GroupValues]

    @model_validator(mode="after")
    def _changes_have_the_shape_of_their_group(self) -> Self:
        _check_changes(self.shapes, self.changes)
        return self


class GoldenRecord(EventPart):
    """A record in the hub after a merge: for each group its value, revision and policy."""

    kind: str
    canonical_id: UUID
    values: SerializeAsAny[GroupValues]
    revisions: dict[str, Rev]
    parked: tuple[str, ...]
    policies: dict[str, str]


MENDED = "system:"
"""Prefix of the group of a decision about a link or a delivery in a system, instead of a value."""


class PolicyUsed(EventPart):
    """The policy at the time of the decision."""

    name: str
    version: int


class ConflictValue(EventPart):
    """One of the conflicting values, and its outcome."""

    origin: str
    value: JsonValue
    actor: str
    at: str
    hlc: Hlc
    event_id: str
    outcome: Literal["kept", "lost", "refused"]


class ConflictDecided(EventPart):
    """`sync.conflict.v1`: several values of one group conflicted; all of them are stored.

    `open` waits for a person. `winner` is the system whose value is shown, null while there is none.

    An event of the type `sync.conflict.mended.v1` reports an action of a person on a link or a delivery instead: the
    group is `system:<name>`, the rule is the action (`unlink`, `relink`, `drop`, `resync`), `value` holds the facts,
    and there are no values.
    """

    id: UUID
    kind: str
    canonical_id: UUID
    group: str
    rule: str
    policy: PolicyUsed
    winner: str | None
    value: JsonValue
    values: tuple[ConflictValue, ...]
    detail: str
    event_id: str
    state: Literal["decided", "open", "resolved", "superseded"]
    decided_at: AwareDatetime
    resolved_at: AwareDatetime | None
    resolved_by: str | None

    @model_validator(mode="after")
    def _value_has_the_shape_of_its_group(self) -> Self:
        shapes: Any = GOLDEN_GROUPS.get(self.kind)
        if shapes is not None and self.value is not None and not self.group.startswith(MENDED):
            check_value(shapes, self.group, self.value)
        return self


class Envelope(EventPart):
    """A CloudEvent 1.0 in structured mode; in Kafka's binary mode each attribute is a header `ce_<name>`.

    The HTTP feed of a service adds `position`.
    """

    specversion: Literal["1.0"]
    id: UUID
    source: Annotated[str, Field(pattern=r"^/[a-z][a-z0-9_-]*$")]
    type: Annotated[str, Field(pattern=r"^[a-z_]+\.[a-z_]+\.[a-z_]+\.v\d+$")]
    subject: str
    time: AwareDatetime
    tenant: UUID
    datacontenttype: Literal["application/json"] = "application/json"
    dataschema: str | None = None
    sequence: Annotated[str, Field(pattern=r"^\d+$")] | None = None
    canonicalid: UUID | None = None
    origin: Literal["user", "gateway", "hub"] | None = None
    correlationid: str | None = None
    causationid: str | None = None
    traceparent: str | None = None
    data: dict[str, JsonValue]


def _changed(kind: str, system: str) -> type[RecordChanged]:
    """The model of `<system>.<kind>.v1`."""
    shapes, name = GROUPS[kind], kind.title().replace("_", "")
    values = values_model(f"{name}Values", shapes)
    fields: dict[str, Any] = {"kind": (Literal[kind], ...), "snapshot": (values, ...)}
    shown: dict[str, Any] = {each.name: (each.value, ...) for each in TABLES[kind].shown if system in each.by}
    if shown:
        part: Any = create_model(f"{name}Shown", __base__=ShownValues, __doc__=ShownValues.__doc__, **shown)
        fields["shown"] = (part | None, None)  # Events of before it was added have none.
    model = create_model(f"{name}Changed", __base__=RecordChanged, __doc__=RecordChanged.__doc__, **fields)
    model.shapes = shapes
    return model


def _golden(kind: str) -> type[GoldenRecord]:
    """The model of `sync.<kind>.v1`."""
    name = f"Golden{kind.title().replace('_', '')}"
    values = values_model(f"{name}Values", GOLDEN_GROUPS[kind])
    fields: dict[str, Any] = {"kind": (Literal[kind], ...), "values": (values, ...)}
    return create_model(name, __base__=GoldenRecord, __doc__=GoldenRecord.__doc__, **fields)


def _announced(kind: AnnouncedKind) -> type[RecordAnnounced]:
    """The model of `<system>.<kind>.v1` of an announced kind."""
    shapes, name = announced_shapes(kind), kind.name.title().replace("_", "")
    values = values_model(f"{name}Values", shapes)
    fields: dict[str, Any] = {"kind": (Literal[kind.name], ...), "snapshot": (values, ...)}
    model = create_model(f"{name}Announced", __base__=RecordAnnounced, __doc__=RecordAnnounced.__doc__, **fields)
    model.shapes = shapes
    return model


SYSTEMS = ("crm", "erp")

EVENTS: dict[str, type[EventPart]] = {
    **{
        f"{system}.{kind}.v1": _changed(kind, system)
        for system in SYSTEMS
        for kind, table in TABLES.items()
        if system in table.writers
    },
    **{f"{kind.by}.{kind.name}.v1": _announced(kind) for kind in ANNOUNCED.values()},
    **{f"sync.{kind}.v1": _golden(kind) for kind in TABLES},
    "sync.conflict.v1": ConflictDecided,
}
"""Topic -> model of the data of its events."""


def partitions_of(topic: str) -> int:
    """The number of partitions of a topic, as the table of its kind declares it."""
    kind = topic.split(".")[1]
    declared = TABLES.get(kind) or ANNOUNCED.get(kind)
    return declared.partitions if declared else PARTITIONS
