"""A second merge, written from the protocol's text alone: slow, naive, and of another shape.

It keeps the whole history of a group and asks, each time anew, which edits nobody has seen yet.
"""

from dataclasses import dataclass, field
from typing import Any

from .factories import FIXED, ORDER_STATES, normalised


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

    def verdict(self, fixed: bool) -> tuple[Any, bool]:
        """The value and whether it is parked, by the table of policies; `fixed` is what the stage makes of lines."""
        if self.group == "points":
            return self.total if self.revision else None, self.stuck
        heads = list(self.heads().values())
        if not heads:
            return None, self.stuck
        value, parked = self.choose(sorted(heads, key=lambda edit: (edit.hlc, edit.origin, edit.id)), fixed)
        return value, parked or self.stuck

    def choose(self, oldest_first: list[Written], fixed: bool) -> tuple[Any, bool]:
        linking = any(edit.ctx == 0 and edit.origin != "hub" for edit in oldest_first)
        filled = [edit for edit in oldest_first if normalised(self.group, edit.value) is not None]
        draft_line = self.group.startswith("line:") and not fixed
        if linking and filled and (draft_line or self.group in ("name", "email", "owner", "notes")):
            oldest_first = filled
        values = [edit.value for edit in oldest_first]
        of = {edit.origin: edit.value for edit in oldest_first}
        value, parked = values[-1], False
        if self.group == "owner":
            value = of.get("crm", value)
        elif self.group in ("credit", "sku") or (self.group.startswith("line:") and fixed):
            value = of.get("erp", of.get("hub", value))
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

    def fixed(self) -> bool:
        """Whether the record's stage leaves its lines to the ERP."""
        return "stage" in self.groups and self.groups["stage"].verdict(False)[0] in FIXED

    def verdict(self, group: str) -> tuple[Any, bool]:
        return self.history(group).verdict(self.fixed())

    def user(
        self, system: str, seq: int, hlc: int, event_id: str, change: tuple[str, Any, Any, int], stage: Any
    ) -> None:
        """`stage` is where the author's own copy of the record stood."""
        if seq <= self.seen.get(system, 0):
            return
        self.seen[system] = seq
        group, old, new, ctx = change
        history = self.history(group)
        history.bounces, history.stuck = 0, False
        self.write(history, Written(system, new, hlc, event_id, ctx, 0), old, stage)

    def gateway(self, system: str, seq: int, hlc: int, event_id: str, stored: tuple[str, Any, int], stage: Any) -> None:
        if seq <= self.seen.get(system, 0):
            return
        self.seen[system] = seq
        group, value, rev = stored
        history = self.history(group)
        now = self.verdict(group)[0]
        if rev == history.revision > 0 and normalised(group, value) != normalised(group, now):
            history.bounces += 1
            history.stuck = history.bounces > 3
            self.write(history, Written(system, value, hlc, event_id, rev, 0), now, stage)

    def write(self, history: History, edit: Written, old: Any, stage: Any) -> None:
        before = self.lines()
        edit.rev = self.revise(history)
        if history.group == "points":
            history.total += (edit.value or 0) - (old or 0)
        elif self.taken(history.group, edit, stage):
            history.edits.append(edit)
        for group, verdict in self.lines().items():
            if history.group == "stage" and verdict != before[group]:
                self.revise(self.history(group))

    def revise(self, history: History) -> int:
        """The next revision of a group: the members of a family count together."""
        family = history.group.partition(":")[0]
        history.revision = 1 + max(each.revision for g, each in self.groups.items() if g.partition(":")[0] == family)
        return history.revision

    def lines(self) -> dict[str, tuple[Any, bool]]:
        return {group: self.verdict(group) for group in self.groups if group.startswith("line:")}

    def taken(self, group: str, edit: Written, stage: Any) -> bool:
        """Whether the author may write the group at all."""
        owned = group in ("credit", "sku") or (group.startswith("line:") and stage in FIXED)
        return not owned or edit.origin in ("erp", "hub") or (group == "sku" and edit.ctx == 0)

    def steward(self, group: str, value: Any, hlc: int, event_id: str) -> None:
        history = self.history(group)
        latest = max([edit.hlc for edit in history.heads().values()], default=hlc - 1)
        history.bounces, history.stuck = 0, False
        if group == "points":
            history.total, history.revision = value, history.revision + 1
        else:
            edit = Written("hub", value, max(hlc, latest + 1), event_id, history.revision, 0)
            self.write(history, edit, None, None)
