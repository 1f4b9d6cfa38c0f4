"""A system in memory: rows, an outbox, and the port of a spoke with its real guards.

Beside what a real system keeps it remembers the truth that no protocol message carries: which edits each
value on a row stands for. The checks of the simulation rest on that alone.
"""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, NamedTuple

from chassis.replication import Moment, guard
from chassis.replication.floors import Floor, settled, standing
from gateway.merge.merge import Change, Event, Mark
from gateway.merge.policy import Json, same
from gateway.merge.register import EPOCH

from .factories import SAMPLE, Origin


class EditId(NamedTuple):
    """One user edit: of one group, in one system, at one place in the row's sequence.

    `life` counts how often the system had been restored: a restored row gives its numbers a second time.
    """

    system: str
    record: str
    group: str
    seq: int
    life: int


@dataclass(frozen=True)
class Edit:
    """A user edit and the truth about it: the edits whose value its author had in front of them."""

    id: EditId
    old: Json
    value: Json
    over: frozenset[EditId]


class Value(NamedTuple):
    """One group of a delivery; `stands_for` are the edits that wrote this value."""

    group: str
    value: Json
    rev: int
    stands_for: frozenset[EditId]


class Delivery(NamedTuple):
    """One item of a delivery."""

    system: str
    record: str
    seen_seq: int
    last: Moment | None
    hlc: int
    values: tuple[Value, ...]
    floors: Mapping[str, Floor]
    seen: Mapping[str, Moment]


@dataclass
class Row:
    seq: int = 0
    hlc: int = 0
    values: dict[str, Json] = field(default_factory=dict)
    sync: dict[str, dict[str, Any]] = field(default_factory=dict)
    stands_for: dict[str, frozenset[EditId]] = field(default_factory=dict)
    edited: dict[str, EditId] = field(default_factory=dict)


History = dict[tuple[str, str], list[EditId]]


@dataclass
class Backup:
    """A system as it was at one moment, and how many of its events had been sent."""

    rows: dict[str, Row]
    history: History
    sent: dict[str, int]


class Spoke:
    """One system. `skew` is how far its clock is from the true time."""

    def __init__(self, name: str, skew: int = 0) -> None:
        self.name = name
        self.skew = skew
        self.rows: dict[str, Row] = {}
        self.outbox: dict[str, list[Event]] = {}
        self.edits: dict[EditId, Edit] = {}
        self.life = 0
        self.lives: list[History] = [{}]
        self.heard: set[EditId] = set()
        self.flip_flops = 0

    @property
    def history(self) -> History:
        """The edits behind what the rows say now."""
        return self.lives[self.life]

    def back_up(self) -> Backup:
        return Backup(deepcopy(self.rows), deepcopy(self.history), {r: len(sent) for r, sent in self.outbox.items()})

    def restore(self, backup: Backup, unsent: int) -> None:
        """Everything is as it was at the backup. What was not marked as sent then goes out again."""
        self.rows = deepcopy(backup.rows)
        self.life += 1
        self.lives.append(deepcopy(backup.history))
        for record, sent in backup.sent.items():
            self.outbox[record] += self.outbox[record][max(0, sent - unsent) : sent]

    def edit(self, record: str, values: Mapping[str, Json], wall: int) -> None:
        """A user's edit, in one transaction; an archived record refuses it."""
        row = self.rows.setdefault(record, Row())
        if row.values.get("life") == "dead":
            return
        values = {"life": "live", **values}
        row.hlc, now = self.time(row, wall), max(0, wall + self.skew)
        changes = [
            Change(
                group,
                row.values.get(group),
                new,
                self.context(row, group),
                self.after(row, group),
                self.standing(row, group).get("seen"),
            )
            for group, new in values.items()
        ]
        for change in changes:
            place = {"seq": row.seq + 1, "rev": self.revision(row, change.group), "hlc": row.hlc, "at": now}
            row.sync[change.group] = {**place, "seen": change.seen}
            self._remember(record, row, change)
            row.values[change.group] = change.new
        self.announce(record, row, changes, "user", now)

    def receive(self, delivery: Delivery, wall: int) -> dict[str, Any]:
        """Take a delivery under the guards, and answer its outcome."""
        row = self.rows.setdefault(delivery.record, Row())
        moved, outcomes, ahead = [], {}, {}
        for group, value, rev, stands_for in delivery.values:
            step = self.guard(rev, self.standing(row, group), delivery.seen_seq, delivery.last)
            outcomes[group] = "applied" if step == "write" else step
            if self.revision(row, group) > rev:
                ahead[group] = self.revision(row, group)
            if step == "write" and self.refuses(group, value):
                outcomes[group] = "rejected"
            elif step == "write":
                change = Change(group, row.values.get(group), self.store(group, value), rev)
                self._write(row, change, stands_for, delivery.seen)
                if change.new not in (change.old, value) or change.old != change.new:
                    moved.append(change)
        row.hlc = max(row.hlc, delivery.hlc)
        present = {group: value for group, value in row.values.items() if value}
        row.sync = settled(
            row.sync, delivery.floors, outcomes, present, delivery.seen_seq, delivery.last, delivery.seen
        )
        if moved:
            self.announce(delivery.record, row, moved, "gateway", max(0, wall + self.skew))
        outcome = next((o for o in ("rejected", "skipped", "applied") if o in outcomes.values()), "already")
        return {"outcome": outcome, "local_id": delivery.record, "seq": row.seq, "groups": outcomes, "ahead": ahead}

    def announce(self, record: str, row: Row, changes: list[Change], origin: Origin, now: int) -> None:
        row.seq += 1
        self.outbox.setdefault(record, []).append(
            Event(
                id=f"{self.name}-{record}-{self.life}-{row.seq}",
                system=self.name,
                kind=SAMPLE.name,
                local_id=record,
                canonical_id=record,
                seq=row.seq,
                hlc=row.hlc,
                origin=origin,
                actor=f"user of {self.name}",
                time=(EPOCH + timedelta(microseconds=now)).isoformat(),
                changes=tuple(changes),
                snapshot=dict(row.values),
                sync={group: Mark(**own) for group, own in row.sync.items()},
            )
        )

    def store(self, group: str, value: Json) -> Json:
        """What becomes of a delivered value in this system: the ERP writes e-mail addresses small."""
        return value.lower() if self.name == "erp" and group == "email" and isinstance(value, str) else value

    def refuses(self, group: str, value: Json) -> bool:
        """Whether this system's rules refuse a value: the ERP knows no third rank."""
        return self.name == "erp" and group == "rank" and value == 3

    def guard(self, rev: int, own: Mapping[str, int], seen_seq: int, last: Moment | None) -> str:
        return guard(rev, own, seen_seq, last)

    def standing(self, row: Row, group: str) -> Mapping[str, Any]:
        return standing(row.sync, group)

    def time(self, row: Row, wall: int) -> int:
        return max(wall + self.skew, row.hlc + 1)

    def revision(self, row: Row, group: str) -> int:
        rev: int = self.standing(row, group).get("rev", 0)
        return rev

    def after(self, row: Row, group: str) -> int | None:
        seq: int = self.standing(row, group).get("seq", 0)
        return seq

    def context(self, row: Row, group: str) -> int:
        return self.revision(row, group)

    def _remember(self, record: str, row: Row, change: Change) -> None:
        edit = EditId(self.name, record, change.group, row.seq + 1, self.life)
        over = row.stands_for.get(change.group, frozenset())
        self.edits[edit] = Edit(edit, change.old, change.new, over)
        self.history.setdefault((record, change.group), []).append(edit)
        row.stands_for[change.group] = frozenset({edit})
        row.edited[change.group] = edit

    def _write(self, row: Row, change: Change, stands_for: frozenset[EditId], seen: Mapping[str, Moment]) -> None:
        last = row.edited.get(change.group)
        if last and last not in self.heard and not same(change.old, change.new, SAMPLE.group(change.group).normalise):
            self.flip_flops += 1
        own = {"seq": 0, "hlc": 0, **self.standing(row, change.group)}
        row.sync[change.group] = {**own, "rev": change.ctx, "seen": seen}
        row.values[change.group] = change.new
        row.stands_for[change.group] = stands_for
