"""A second merge, written from the protocol's text alone: slow, naive, and of another shape.

It keeps the whole history of a group and asks, each time anew, which edits nobody has seen yet.
"""

from dataclasses import dataclass, field
from typing import Any

from .factories import ORDER_STATES, normalised


@dataclass
class Written:
    """One edit in the history of a group; `rev` is the revision it made."""

    origin: str
    value: Any
    hlc: int
    id: str
    ctx: int
    rev: int


@dataclass
class History:
    """Everything that ever happened to one group."""

    group: str
    edits: list[Written] = field(default_factory=list)
    revision: int = 0
    bounces: int = 0
    stuck: bool = False
    total: int = 0

    def heads(self) -> dict[str, Written]:
        """An edit stands until its own author writes again, or another who had it in front of them."""
        standing = {}
        for position, edit in enumerate(self.edits):
            later = self.edits[position + 1 :]
            if not any(other.origin == edit.origin or other.ctx >= edit.rev for other in later):
                standing[edit.origin] = edit
        return standing

    def value(self) -> Any:
        return self.verdict()[0]

    def verdict(self) -> tuple[Any, bool]:
        """The value and whether it is parked, by the table of policies."""
        if self.group == "points":
            return self.total if self.revision else None, self.stuck
        heads = list(self.heads().values())
        if not heads:
            return None, self.stuck
        value, parked = self.choose(sorted(heads, key=lambda edit: (edit.hlc, edit.origin, edit.id)))
        return value, parked or self.stuck

    def choose(self, oldest_first: list[Written]) -> tuple[Any, bool]:
        linking = any(edit.ctx == 0 and edit.origin != "hub" for edit in oldest_first)
        filled = [edit for edit in oldest_first if normalised(self.group, edit.value) is not None]
        if linking and filled and self.group in ("name", "email", "owner", "notes"):
            oldest_first = filled
        values = [edit.value for edit in oldest_first]
        of = {edit.origin: edit.value for edit in oldest_first}
        value, parked = values[-1], False
        if self.group == "owner":
            value = of.get("crm", value)
        elif self.group == "credit":
            value = of["erp"] if "erp" in of else of["hub"]
        elif self.group == "notes":
            parked = len(set(values)) > 1
        elif self.group == "rank":
            value = max(values)
        elif self.group == "floor":
            value = min(values)
        elif self.group == "life":
            value = "live" if "live" in values else "dead"
        elif self.group.startswith("tag:"):
            value = any(values)
        elif self.group == "stage":
            order = ORDER_STATES.steps | {("draft", "paid"), ("draft", "cancelled")}
            last = [state for state in values if all(v == state or (v, state) in order for v in values)]
            value, parked = (last[-1], False) if last else (value, True)
        return value, parked


class Oracle:
    """One record, by its histories."""

    def __init__(self) -> None:
        self.groups: dict[str, History] = {}
        self.seen: dict[str, int] = {}

    def history(self, group: str) -> History:
        return self.groups.setdefault(group, History(group))

    def user(self, system: str, seq: int, hlc: int, event_id: str, changes: list[tuple[str, Any, Any, int]]) -> None:
        if seq <= self.seen.get(system, 0):
            return
        self.seen[system] = seq
        for group, old, new, ctx in changes:
            history = self.history(group)
            history.bounces, history.stuck = 0, False
            self.write(history, Written(system, new, hlc, event_id, ctx, 0), old)

    def gateway(self, system: str, seq: int, hlc: int, event_id: str, stored: list[tuple[str, Any, int]]) -> None:
        if seq <= self.seen.get(system, 0):
            return
        self.seen[system] = seq
        for group, value, rev in stored:
            history = self.history(group)
            now = history.value()
            if rev == history.revision > 0 and normalised(group, value) != normalised(group, now):
                history.bounces += 1
                history.stuck = history.bounces > 3
                self.write(history, Written(system, value, hlc, event_id, rev, 0), now)

    def write(self, history: History, edit: Written, old: Any) -> None:
        history.revision += 1
        edit.rev = history.revision
        if history.group == "points":
            history.total += (edit.value or 0) - (old or 0)
        elif history.group != "credit" or edit.origin in ("erp", "hub"):
            history.edits.append(edit)

    def steward(self, group: str, value: Any, hlc: int, event_id: str) -> None:
        history = self.history(group)
        latest = max([edit.hlc for edit in history.heads().values()], default=hlc - 1)
        history.bounces, history.stuck = 0, False
        if group == "points":
            history.total, history.revision = value, history.revision + 1
        else:
            self.write(history, Written("hub", value, max(hlc, latest + 1), event_id, history.revision, 0), None)
