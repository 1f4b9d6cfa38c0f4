"""What people were told was saved, kept on their side: the measure of whether anything is lost."""

import threading
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

Json = Any
GroupOf = tuple[str, str]
"""(canonical id, group)"""


@dataclass(frozen=True)
class Edit:
    """One group of one record, written on one side by somebody who had `seen` its value. No value is written twice."""

    system: str
    canonical_id: str
    group: str
    value: Json
    seen: Json

    @property
    def place(self) -> GroupOf:
        """The group it wrote."""
        return (self.canonical_id, self.group)


@dataclass
class Ledger:
    """Edits that were acknowledged, and those whose answer never came: these may or may not have been saved."""

    acknowledged: list[Edit] = field(default_factory=list)
    unanswered: list[Edit] = field(default_factory=list)
    stale: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def acknowledge(self, edits: Iterable[Edit]) -> None:
        """These were saved."""
        with self.lock:
            self.acknowledged += edits

    def leave_open(self, edit: Edit) -> None:
        """Nobody said whether this was saved."""
        with self.lock:
            self.unanswered.append(edit)

    def settle(self, written: Mapping[str, set[str]]) -> list[Edit]:
        """Decide what was unanswered by what each system has `written`; answer the acknowledged that are not there."""
        self.acknowledged += [edit for edit in self.unanswered if mark(edit) in written[edit.system]]
        self.unanswered.clear()
        return [edit for edit in self.acknowledged if mark(edit) not in written[edit.system]]

    def lost(self, shown: Mapping[GroupOf, Json], logged: Mapping[GroupOf, list[Json]]) -> list[Edit]:
        """Edits that are neither current, nor overwritten by an author who had seen them, nor in the decision log."""
        overwritten: dict[GroupOf, list[Json]] = defaultdict(list)
        for edit in self.acknowledged:
            overwritten[edit.place].append(edit.seen)
        return [
            edit
            for edit in self.acknowledged
            if shown.get(edit.place) != edit.value
            and edit.value not in overwritten[edit.place]
            and edit.value not in logged.get(edit.place, [])
        ]


def mark(edit: Edit) -> str:
    """The edit as one text that no other edit has."""
    return mark_of(edit.canonical_id, edit.group, edit.value)


def mark_of(canonical_id: str, group: str, value: Json) -> str:
    """A group's value as one text."""
    return f"{canonical_id} {group} {orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()}"
