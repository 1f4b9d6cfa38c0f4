"""Input and output of the merge: events, registers, decisions, and their stored form.

The stored form is JSON with short keys, because every record has one register per group.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Literal, NamedTuple

from gateway.merge.policy import Head, Json

Fate = Literal["kept", "lost", "refused"]
Seen = Mapping[str, Sequence[int]]
"""How far the events of each system's row were merged: `{"crm": [time_us, seq]}`, the latest time and the greatest
number. An event is included if neither its time nor its number is greater: numbers detect a clock that was set back,
times a row that was restored and assigns its numbers again."""

NOTHING: Seen = {}
NO_HEADS: Mapping[str, Head] = {}

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def microseconds(time: datetime) -> int:
    """Since 1970."""
    since = time - EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


class Moment(NamedTuple):
    """The time of an event by its author's clock, and its number; two events may have the same time."""

    time_us: int
    seq: int


class Mark(NamedTuple):
    """The state of one group in a spoke: its last own edit, the applied revision, the time of the edit.

    `at` is the time of the edit's event in microseconds, None in events of older rows; `seen` is what had been merged
    into the revision, None in events from before deliveries contained it.
    """

    seq: int
    rev: int
    hlc: int
    at: int | None = None
    seen: Seen | None = None

    def is_new(self, seen_seq: int, last: Moment | None) -> bool:
        """Whether the hub has not merged the edit: its number is new, or it is later than all merged ones."""
        return self.seq > seen_seq or (self.at is not None and last is not None and Moment(self.at, self.seq) > last)


class Change(NamedTuple):
    """One group in one edit. `ctx` is the hub revision of the group that the author had seen.

    `after` is the number of the group's previous local edit, which this one replaces; None in events of the older
    format, whose author is taken to have seen every edit with a smaller number. `seen` names the edits that the author
    had seen: unlike `ctx`, it stays valid for a restored hub that assigns other revisions to those edits.
    """

    group: str
    old: Json
    new: Json
    ctx: int
    after: int | None = None
    seen: Seen | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a spoke about one record, as received."""

    id: str
    system: str
    kind: str
    local_id: str
    canonical_id: str | None
    seq: int
    hlc: int
    origin: Literal["user", "gateway"]
    actor: str
    time: str
    changes: tuple[Change, ...]
    snapshot: Mapping[str, Json] = field(default_factory=dict)
    sync: Mapping[str, Mark] = field(default_factory=dict)

    @classmethod
    def of(cls, data: Mapping[str, Any], *, event_id: str, system: str, time: str) -> "Event":
        """The event in the JSON body of a message. Raises KeyError or TypeError if there is none."""
        return cls(
            id=event_id,
            system=system,
            kind=data["kind"],
            local_id=data["local_id"],
            canonical_id=data.get("canonical_id"),
            seq=data["seq"],
            hlc=data["hlc"],
            origin=data["origin"],
            actor=data["actor"],
            time=time,
            changes=tuple(
                Change(c["group"], c.get("old"), c.get("new"), c["ctx"], c.get("after"), c.get("seen"))
                for c in data["changes"]
            ),
            snapshot=data["snapshot"],
            sync={
                group: Mark(m["seq"], m["rev"], m["hlc"], m.get("at"), m.get("seen"))
                for group, m in data["sync"].items()
            },
        )

    @property
    def moment(self) -> Moment:
        """The time of the event. A repeated number at a later time is an edit of a restored row."""
        return moment_at(self.time, self.seq)


def moment_of(head: Head) -> Moment:
    """The time of an edit."""
    return moment_at(head.at, head.seq)


def moment_at(time: str, seq: int) -> Moment:
    """The time, in ISO 8601, and the number of an edit."""
    return Moment(microseconds(datetime.fromisoformat(time)), seq)


class Register(NamedTuple):
    """The state of one group of one record.

    `hold` is the reason that parks the group independently of its policy; `total` is the sum of a counter; `bounces`
    counts how often a spoke stored another value than it was sent since the last user's edit. `awaited` are the events
    of other systems that authors of merged edits had seen and the hub has not merged: a restored hub merges those
    events late, and they are replaced already.
    """

    rev: int = 0
    heads: Mapping[str, Head] = NO_HEADS
    value: Json = None
    parked: bool = False
    rule: str = ""
    hold: str | None = None
    total: Decimal | None = None
    bounces: int = 0
    awaited: Seen = NOTHING

    def to_json(self) -> dict[str, Any]:
        """The stored form; what has its usual value is left out."""
        stored: dict[str, Any] = {"rev": self.rev, "value": self.value, "rule": self.rule}
        if self.heads:
            stored["heads"] = {origin: _packed(head) for origin, head in self.heads.items()}
            stored["seqs"] = {origin: head.seq for origin, head in self.heads.items() if head.seq}
        if self.parked:
            stored["parked"] = True
        if self.hold:
            stored["hold"] = self.hold
        if self.total is not None:
            stored["total"] = str(self.total)
        if self.bounces:
            stored["bounces"] = self.bounces
        if self.awaited:
            stored["awaited"] = self.awaited
        return stored

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Register":
        """The register that was stored."""
        seqs = stored.get("seqs", {})
        return cls(
            rev=stored["rev"],
            heads={
                origin: _unpacked(packed, seqs.get(origin, 0)) for origin, packed in stored.get("heads", {}).items()
            },
            value=stored["value"],
            parked=stored.get("parked", False),
            rule=stored["rule"],
            hold=stored.get("hold"),
            total=Decimal(stored["total"]) if "total" in stored else None,
            bounces=stored.get("bounces", 0),
            awaited=stored.get("awaited", {}),
        )


class Registers(Mapping[str, Register]):
    """The registers of a record in their stored form; each is decoded when it is first asked for."""

    __slots__ = ("_decoded", "stored")

    def __init__(self, stored: Mapping[str, Any], decoded: Mapping[str, Register] | None = None) -> None:
        self.stored = stored
        self._decoded: dict[str, Register] = dict(decoded or {})

    def with_changed(self, stored: Mapping[str, Any], changed: Mapping[str, Register]) -> "Registers":
        """The registers once some of them are others; `stored` is the stored form of all."""
        return Registers(stored, {**self._decoded, **changed})

    def __getitem__(self, group: str) -> Register:
        known = self._decoded.get(group)
        if known is None:
            known = self._decoded[group] = Register.from_json(self.stored[group])
        return known

    def __contains__(self, group: object) -> bool:
        return group in self.stored

    def get(self, group: str, default: Any = None) -> Any:
        known = self._decoded.get(group)
        if known is not None:
            return known
        return self[group] if group in self.stored else default

    def __iter__(self) -> Iterator[str]:
        return iter(self.stored)

    def __len__(self) -> int:
        return len(self.stored)


def standings(registers: Mapping[str, Register]) -> Iterator[tuple[str, int, bool]]:
    """The group, the revision and whether it is parked, of each register. Nothing is decoded for it."""
    if isinstance(registers, Registers):
        return ((group, stored["rev"], stored.get("parked", False)) for group, stored in registers.stored.items())
    return ((group, register.rev, register.parked) for group, register in registers.items())


def is_own(registers: Mapping[str, Register], group: str, system: str) -> bool:
    """Whether the newest edit of a group is the system's own, and its value is shown. Nothing is decoded for it."""
    if isinstance(registers, Registers):
        stored = registers.stored[group]
        packed = stored.get("heads", {}).get(system)
        return packed is not None and (packed[0], packed[_PLACE_OF_REV]) == (stored["value"], stored["rev"])
    register = registers[group]
    head = register.heads.get(system)
    return head is not None and (head.value, head.rev) == (register.value, register.rev)


def edits(registers: Mapping[str, Register]) -> set[tuple[str, str, int]]:
    """The origin, the time and the number of the heads, each once. Nothing is decoded for it."""
    if isinstance(registers, Registers):
        return {
            (origin, packed[_PLACE_OF_TIME], stored.get("seqs", {}).get(origin, 0))
            for stored in registers.stored.values()
            for origin, packed in stored.get("heads", {}).items()
        }
    return {(origin, head.at, head.seq) for register in registers.values() for origin, head in register.heads.items()}


def shown(registers: Mapping[str, Register]) -> dict[str, Json]:
    """The value of each group. Nothing is decoded for it."""
    if isinstance(registers, Registers):
        return {group: stored["value"] for group, stored in registers.stored.items()}
    return {group: register.value for group, register in registers.items()}


def revision(registers: Mapping[str, Register], group: str) -> int:
    """The revision of a group, 0 when there is none. Nothing is decoded for it."""
    if isinstance(registers, Registers):
        stored = registers.stored.get(group)
        return stored["rev"] if stored else 0
    return registers[group].rev if group in registers else 0


@dataclass(frozen=True, slots=True)
class Entry:
    """One value in a decision, with its author and its outcome."""

    origin: str
    value: Json
    actor: str
    at: str
    hlc: int
    event_id: str
    outcome: Fate

    @classmethod
    def of(cls, origin: str, head: Head, outcome: Fate) -> "Entry":
        """The entry of a head."""
        return cls(origin, head.value, head.actor, head.at, head.hlc, head.event_id, outcome)

    def to_json(self) -> dict[str, Any]:
        """One object; the field names are the keys."""
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Entry":
        """The entry that was stored."""
        return cls(**stored)


@dataclass(frozen=True, slots=True)
class Decision:
    """An entry of the decision log: every value, the winner, and the rule."""

    group: str
    rule: str
    policy: str
    version: int
    winner: str | None
    heads: tuple[Entry, ...]
    parked: bool
    value: Json
    detail: str = ""


_PLACE_OF_REV, _PLACE_OF_TIME = 2, 5


def _packed(head: Head) -> list[Any]:
    packed = [head.value, head.hlc, head.rev, head.event_id, head.actor, head.at]
    return [*packed, True] if head.first else packed


def _unpacked(packed: list[Any], seq: int) -> Head:
    value, hlc, rev, event_id, actor, at, *first = packed
    return Head(value, hlc, rev, event_id, actor, at, bool(first), seq)
