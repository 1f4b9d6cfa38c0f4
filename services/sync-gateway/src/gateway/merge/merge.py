"""The merge of one event into one record: pure, idempotent, independent of the order of arrival.

The state of a group is a register: the set of its heads, one for each origin whose newest edit no other author has
seen. The group's policy selects its value. No value is lost silently: a value that its successor's author had not seen
is recorded in a `Decision`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from gateway.merge.policy import GroupRule, Head, Json, Policy, Verdict, decide, in_force, same, system_of
from gateway.merge.register import NOTHING, Change, Decision, Entry, Event, Mark, Moment, Register, Seen, shown
from gateway.merge.resolve import Resolution, resolve
from gateway.merge.rules import EMPTY, Invariant, Rules, Violation, family_of, latest, number, turned
from gateway.merge.seen import await_from, is_seen, replaces, unseen

__all__ = [
    "Change",
    "Decision",
    "Entry",
    "Event",
    "GroupRule",
    "Head",
    "Invariant",
    "Mark",
    "Merged",
    "Moment",
    "Register",
    "Resolution",
    "Rules",
    "Violation",
    "clamp",
    "merge_event",
    "resolve",
]

MAX_BOUNCES = 3
"""The number of times that a group may change sides without a user's edit before it is parked."""

CLOCK_AHEAD_SECONDS = 60.0

Outcome = Literal["merged", "duplicate", "repaired_gap", "acknowledged"]


@dataclass(frozen=True, slots=True)
class Merged:
    """The effects of an event on a record: the changed registers, and the decisions to log.

    `acknowledged` contains the revisions that the spoke has confirmed with this event. `restored` is the reason if the
    row was restored from a backup: its numbers repeat, or its author had not seen edits of the row's own system.
    """

    outcome: Outcome
    seen_seq: int
    last: Moment | None = None
    restored: bool = False
    registers: Mapping[str, Register] = field(default_factory=dict)
    decisions: tuple[Decision, ...] = ()
    acknowledged: Mapping[str, int] = field(default_factory=dict)


def merge_event(
    registers: Mapping[str, Register],
    seen_seq: int,
    event: Event,
    kind: Rules,
    last: Moment | None = None,
    *,
    now_us: int = 0,
    merged: Seen = NOTHING,
) -> Merged:
    """Merge one event. An event that was merged before changes nothing; a gap is repaired from the event itself.

    `last` is the latest merged event of the row. A known number at a later time is a fork: the row was restored from a
    backup, and assigns its numbers a second time. `merged` is how far the rows of all systems are merged. New revisions
    are at least `now_us`, so a restored hub assigns none a second time.
    """
    known = event.seq <= seen_seq
    if known and (last is None or event.moment <= last):
        return Merged("duplicate", seen_seq, last)
    work = _Work(registers, event, kind, now_us, merged)
    work.restored = known
    gap = event.seq > seen_seq + 1 or work.has_lost(seen_seq, last)
    counted = work.repair(seen_seq, last) if gap else set()
    changes = event.changes
    if kind.leading:
        changes = tuple(sorted(changes, key=lambda each: each.group not in kind.leading))
    for change in changes:
        if event.origin == "gateway":
            work.compare(change.group, change.new, _confirmed(event, change))
        elif change.group not in counted:
            work.edit(change, event.hlc)
    work.turn()
    work.check_invariants()
    return Merged(
        outcome=work.outcome(gap),
        seen_seq=max(seen_seq, event.seq),
        last=max(last or event.moment, event.moment),
        restored=work.restored,
        registers=work.touched,
        decisions=tuple(work.decisions),
        acknowledged=work.acknowledged,
    )


def clamp(hlc: int, now_us: int, limit: float = CLOCK_AHEAD_SECONDS) -> tuple[int, bool]:
    """A hybrid time at most `limit` seconds ahead of now, and whether it was reduced."""
    latest = now_us + int(limit * 1_000_000)
    return (latest, True) if hlc > latest else (hlc, False)


class _Work:
    """The merge of one event: the changes so far."""

    def __init__(
        self,
        registers: Mapping[str, Register],
        event: Event,
        kind: Rules,
        now_us: int,
        merged: Seen,
    ) -> None:
        self.before = registers
        self.now_us = now_us
        self.merged = merged
        self.event = event
        self.kind = kind
        self.touched: dict[str, Register] = {}
        self.decisions: list[Decision] = []
        self.acknowledged: dict[str, int] = {}
        self.latest: dict[str, int] = {}
        self.restored = False
        self.replaced = {change.group: change.old for change in event.changes} if event.origin == "user" else {}

    def outcome(self, gap: bool) -> Outcome:
        if gap:
            return "repaired_gap"
        return "merged" if self.touched or self.event.origin == "user" else "acknowledged"

    def register(self, group: str) -> Register:
        return self.touched.get(group) or self.before.get(group, EMPTY)

    def next_revision(self, group: str, ctx: int = 0) -> int:
        """Greater than any revision of the family that the hub assigned, or that a spoke reports; at least now."""
        family = family_of(group) or group
        known = self.latest.get(family)
        if known is None:
            known = latest(self.before, group) if self.before else 0
        self.latest[family] = new = max(known + 1, ctx + 1, self.now_us)
        return new

    def policy(self, group: str, rule: GroupRule | None = None) -> Policy:
        """The policy in force, by the record's values at this point of the event."""
        rule = rule or self.kind.group(group)
        return in_force(rule, self.register(rule.once.group).value) if rule.once else rule.policy

    def edit(self, change: Change, hlc: int, bounces: int = 0, seq: int | None = None) -> None:
        """Merge an edit of the event's system. The revision grows even when the edit is refused.

        `seq` is its number when it is not that of the event.
        """
        event, before = self.event, self.register(change.group)
        rule = self.kind.group(change.group)
        rev = self.next_revision(change.group, change.ctx)
        first, seq = change.ctx == 0, event.seq if seq is None else seq
        head = Head(change.new, hlc, rev, event.id, event.actor, event.time, first, seq)
        hold = _hold_after(before, bounces)
        base = Register(
            rev, before.heads, before.value, before.parked, before.rule, hold, before.total, bounces, before.awaited
        )
        if rule.policy.rule == "counter":
            self._count(change, base)
        elif self._admitted(change, rule, stored=bounces > 0):
            self._put(change, base, head, rule)
        else:
            self._refuse(change.group, base, head, rule)

    def compare(self, group: str, stored: Json, rev: int) -> None:
        """Compare what a spoke stored of a delivery: an equal value is an acknowledgement, another value is its
        edit."""
        register = self.register(group)
        self.acknowledged[group] = rev
        if rev != register.rev or register.rev == 0:
            return
        if not same(stored, register.value, self.kind.group(group).normalise):
            own = self.event.sync.get(group, Mark(0, rev, 0))
            change = Change(group, register.value, stored, rev, own.seq, own.seen)
            self.edit(change, self.event.hlc, register.bounces + 1, seq=own.seq)

    def has_lost(self, seen_seq: int, last: Moment | None) -> bool:
        """Whether the row had an edit before this event that the hub has not merged."""
        own = {change.group for change in self.event.changes} if self.event.origin == "user" else set()
        return any(mark.is_new(seen_seq, last) for group, mark in self.event.sync.items() if group not in own)

    def repair(self, seen_seq: int, last: Moment | None) -> set[str]:
        """Repair lost events: every group that the spoke has edited since counts as changed to its current value.

        Returns the counters among them, whose deltas in this event are counted already.
        """
        own = {change.group for change in self.event.changes}
        by_user = own if self.event.origin == "user" else set()
        counted = set()
        for group, mark in sorted(self.event.sync.items(), key=lambda item: (item[0] not in self.kind.leading, item)):
            value = self.event.snapshot.get(group)
            if mark.seq <= self.event.seq and mark.is_new(seen_seq, last):
                if self.kind.group(group).policy.rule == "counter":
                    self._count_after_gap(group, value, mark, first=seen_seq == 0 and mark.rev == 0)
                    counted.add(group)
                elif group not in by_user:
                    lost = Change(group, None, value, mark.rev, seen=mark.seen)
                    self.edit(lost, min(mark.hlc, self.event.hlc), seq=mark.seq)
            elif group not in own and mark.rev > 0 and mark.rev == self.register(group).rev:
                self.compare(group, value, mark.rev)
        return counted

    def turn(self) -> None:
        """Decide the heads of groups again whose policy the event has changed."""
        if self.kind.leading.isdisjoint(self.touched):
            return
        for group, register, verdict in list(turned(self.before, {**self.before, **self.touched}, self.kind)):
            rev = register.rev if group in self.touched else self.next_revision(group)
            self.touched[group] = register._replace(rev=rev)
            self._decide(group, verdict.rule, register.heads, verdict)

    def check_invariants(self) -> None:
        """A violated invariant parks the group that the event changed; other groups are merged."""
        if not self.touched or not self.kind.invariants:
            return
        values = {**shown(self.before), **shown(self.touched)}
        for invariant in self.kind.invariants:
            for violation in invariant(values):
                if violation.group in self.touched:
                    self._hold(violation.group, f"invariant:{violation.name}", violation.text)

    def _admitted(self, change: Change, rule: GroupRule, *, stored: bool) -> bool:
        """Whether the system may write the group, under the policy in force as known to its author.

        The event itself contains that state, so the result does not depend on the order of arrival. An event that
        changes the state was written under the previous state; so was a lost edit that is not newer than the last
        change.
        """
        if rule.once is None:
            return rule.policy.admits(self.event.system, change.ctx)
        state: Json = None
        leading, marks = rule.once.group, self.event.sync
        edited, moved = marks.get(change.group), marks.get(leading)
        if leading in self.replaced and change.group in self.replaced:
            state = self.replaced[leading]
        elif stored or edited is None or moved is None or edited.seq > moved.seq:
            state = self.event.snapshot.get(leading)
        return in_force(rule, state).admits(self.event.system, change.ctx)

    def _put(self, change: Change, base: Register, head: Head, rule: GroupRule) -> None:
        system = self.event.system
        heads = unseen(self._lives(base.heads, change, head.seq), change, system) if base.heads else {}
        late = bool(base.awaited) and is_seen(base.awaited, system, head)
        if not late:
            heads[system] = head
        verdict = decide(self.policy(change.group, rule), heads, rule.normalise)
        parked = verdict.parked or base.hold is not None
        awaited = await_from(base, change, system, self.merged) if base.awaited or change.seen else NOTHING
        after = Register(
            base.rev, heads, verdict.value, parked, verdict.rule, base.hold, base.total, base.bounces, awaited
        )
        self.touched[change.group] = after
        if base.bounces:
            reason = base.hold or "stored_differently"
            self._decide(change.group, reason, {**base.heads, **heads}, verdict)
        elif verdict.contested and not late:
            self._decide(change.group, verdict.rule, heads, verdict)

    def _lives(self, heads: Mapping[str, Head], change: Change, seq: int) -> Mapping[str, Head]:
        """The heads, with the head of the system's previous life kept separately if the author of this edit had not
        seen it."""
        own = heads.get(self.event.system)
        if own is None or replaces(change, seq, self.event.system, own):
            return heads
        self.restored = True
        lives = [int(origin.partition("~")[2] or 0) for origin in heads if system_of(origin) == self.event.system]
        name = f"{self.event.system}~{1 + max(lives)}"
        return {**{origin: head for origin, head in heads.items() if head is not own}, name: own}

    def _refuse(self, group: str, base: Register, head: Head, rule: GroupRule) -> None:
        policy = self.policy(group)
        after = base._replace(parked=base.hold is not None, rule=policy.name)
        self.touched[group] = after
        if same(head.value, base.value, rule.normalise) and base.hold is None:
            return
        verdict = decide(policy, base.heads, rule.normalise)
        refused = Entry.of(self.event.system, head, "refused")
        self._decide(group, base.hold or verdict.rule, base.heads, verdict, refused)

    def _count(self, change: Change, base: Register) -> None:
        total = (base.total or Decimal(0)) + number(change.new) - number(change.old)
        parked = base.hold is not None
        value = _shown(total, change.new)
        self.touched[change.group] = base._replace(value=value, total=total, parked=parked, rule="counter")
        if parked and base.hold == "bounce":
            self._hold(change.group, "bounce", "")

    def _count_after_gap(self, group: str, value: Json, mark: Mark, first: bool) -> None:
        """The deltas of the lost events are unknown, unless the spoke's whole sum is its own."""
        if first:
            self.edit(Change(group, None, value, 0), self.event.hlc)
            return
        known = [change for change in self.event.changes if change.group == group]
        if self.event.origin == "gateway" or not known:
            known = [Change(group, None, None, mark.rev)]
        for change in known:
            self.edit(change, self.event.hlc)
        self._hold(group, "counter_gap", f"the spoke shows {value}, and some of its changes were lost")

    def _hold(self, group: str, reason: str, text: str) -> None:
        after = self.register(group)._replace(parked=True, hold=reason)
        self.touched[group] = after
        verdict = Verdict(after.value, True, None, reason)
        self._decide(group, reason, after.heads, verdict, detail=text)

    def _decide(
        self,
        group: str,
        reason: str,
        heads: Mapping[str, Head],
        verdict: Verdict,
        *refused: Entry,
        detail: str = "",
    ) -> None:
        rule, policy, after = self.kind.group(group), self.policy(group), self.touched[group]
        entries = tuple(
            Entry.of(
                origin,
                head,
                "kept" if after.parked or same(head.value, after.value, rule.normalise) else "lost",
            )
            for origin, head in heads.items()
        )
        self.decisions.append(
            Decision(
                group=group,
                rule=reason,
                policy=policy.name,
                version=policy.version,
                winner=None if after.parked else verdict.winner,
                heads=(*entries, *refused),
                parked=after.parked,
                value=after.value,
                detail=detail,
            )
        )


def _hold_after(before: Register, bounces: int) -> str | None:
    """What parks a group after an edit: an edit ends every parking except that of an unknown sum."""
    if bounces > MAX_BOUNCES:
        return "bounce"
    return before.hold if before.hold == "counter_gap" else None


def _confirmed(event: Event, change: Change) -> int:
    mark = event.sync.get(change.group)
    return mark.rev if mark else change.ctx


def _shown(total: Decimal, like: Json) -> Json:
    """A counter's total in the form of the spokes: a text when they send texts."""
    if isinstance(like, str):
        return str(total)
    return int(total) if total == total.to_integral_value() else float(total)
