"""The protocol with one of its rules switched off: hubs and spokes that the simulation must convict.

The product knows nothing of this: a mutant replaces a part of the hub or of a spoke from outside.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from chassis.replication import Moment
from gateway.ingest import fold
from gateway.merge import merge, policy, seen
from gateway.merge.merge import Change, Event, Head, Merged, Register, Rules, merge_event
from gateway.merge.policy import GroupRule
from gateway.merge.register import Seen

from .factories import Origin
from .hub_under_test import HubUnderTest
from .spoke import Delivery, Row, Spoke
from .world import World

Registers = Mapping[str, Register]


class OverwritesWhatTheHubHasNotSeen(Spoke):
    """no_local_guard: a delivery replaces a local edit that is still on its way to the hub."""

    def guard(self, rev: int, own: Mapping[str, int], seen_seq: int, last: Moment | None) -> str:
        return super().guard(rev, {**own, "seq": 0, "at": 0}, seen_seq, last)


class TakesAnyRevision(Spoke):
    """no_rev_guard: an old delivery that arrives late is written all the same."""

    def guard(self, rev: int, own: Mapping[str, int], seen_seq: int, last: Moment | None) -> str:
        return super().guard(rev, {**own, "rev": 0}, seen_seq, last)


class KnowsOneRevisionOfTheRecord(Spoke):
    """record_level_context: the author of one group is taken to have seen every group."""

    def context(self, row: Row, group: str) -> int:
        return max((own["rev"] for own in row.sync.values()), default=0)


class ForgetsWithoutAFloor(Spoke):
    """no_floor: a member that is gone is forgotten as if it had never been."""

    def standing(self, row: Row, group: str) -> Mapping[str, Any]:
        return row.sync.get(group, {})


class TrustsItsWallClock(Spoke):
    """wallclock_lww, in the spoke: no hybrid clock."""

    def time(self, row: Row, wall: int) -> int:
        return wall + self.skew


class Echoes(Spoke):
    """echo: what is delivered is announced as if a user had entered it."""

    def receive(self, delivery: Delivery, wall: int) -> dict[str, Any]:
        row = self.rows.setdefault(delivery.record, Row())
        had = {value.group: self.revision(row, value.group) for value in delivery.values}
        outcome = super().receive(delivery, wall)
        written = [v for v in delivery.values if self.revision(row, v.group) > had[v.group]]
        if written:
            row.hlc += 1
            for value in written:
                row.sync[value.group] = {**self.standing(row, value.group), "seq": row.seq + 1, "hlc": row.hlc}
            changes = [Change(v.group, v.value, row.values[v.group], v.rev) for v in written]
            super().announce(delivery.record, row, changes, "user", max(0, wall + self.skew))
        return outcome

    def announce(self, record: str, row: Row, changes: list[Change], origin: Origin, now: int) -> None:
        if origin == "user":
            super().announce(record, row, changes, origin, now)


def merge_again(
    registers: Registers,
    seen_seq: int,
    event: Event,
    kind: Rules,
    last: merge.Moment | None = None,
    **known: Any,
) -> Merged:
    """no_dedupe: an event that comes again is merged again."""
    merged = merge_event(registers, min(seen_seq, event.seq - 1), event, kind, last, **known)
    return replace(merged, seen_seq=max(seen_seq, merged.seen_seq))


def refuse_without_a_new_revision(
    registers: Registers,
    seen_seq: int,
    event: Event,
    kind: Rules,
    last: merge.Moment | None = None,
    **known: Any,
) -> Merged:
    """strict_no_bump: a refused edit leaves the revision, so its author is never corrected."""
    merged = merge_event(registers, seen_seq, event, kind, last, **known)
    refused = {
        group: register._replace(rev=registers[group].rev if group in registers else 0)
        for group, register in merged.registers.items()
        if not kind.group(group).policy.admits(event.system)
    }
    return replace(merged, registers={**merged.registers, **refused})


def admit_by_arrival(work: Any, change: Change, rule: GroupRule, *, stored: bool) -> bool:
    """phase_by_arrival: an edit is judged by the state that the hub happens to show, not by what its author saw."""
    return bool(work.policy(change.group).admits(work.event.system, change.ctx))


def decide_once(work: object) -> None:
    """phase_forgets: what was decided before the state changed stays as it was decided."""


def keep_no_log(*_: object) -> None:
    """silent: decisions are taken and not written down."""


def keep_all_heads(heads: Mapping[str, Head], change: Change, system: str) -> dict[str, Head]:
    """wallclock_lww, in the hub: the later time wins, whatever the author had in front of them."""
    return {origin: head for origin, head in heads.items() if origin != system}


def by_time_alone(item: tuple[str, Head]) -> int:
    """tie_by_arrival: of two edits of the same time, the one that came first stays."""
    return item[1].hlc


class ComparesNumbersOnly(Spoke):
    """seq_guard_only: a fresh edit of a restored row, whose number was given before, looks merged."""

    def guard(self, rev: int, own: Mapping[str, int], seen_seq: int, last: Moment | None) -> str:
        return super().guard(rev, own, seen_seq, None)


def take_forks_for_duplicates(
    registers: Registers,
    seen_seq: int,
    event: Event,
    kind: Rules,
    last: merge.Moment | None = None,
    **known: Any,
) -> Merged:
    """no_fork: a number that is known is a duplicate, whenever it was written."""
    return merge_event(registers, seen_seq, event, kind, **known)


def replace_whatever_stands(change: Change, seq: int, system: str, own: Head) -> bool:
    """no_previous_life: an edit replaces its system's head, even one that its author did not have."""
    return True


def count_revisions(
    registers: Registers, seen_seq: int, event: Event, kind: Rules, last: merge.Moment | None = None, **known: Any
) -> Merged:
    """revisions_counted: a hub that was restored gives the revisions of its lost life again, to other edits."""
    return merge_event(registers, seen_seq, event, kind, last, **{**known, "now_us": 0})


def know_revisions_only(seen: Seen, system: str, head: Head) -> bool:
    """context_by_revision: what an author had seen is known by the hub's revisions alone."""
    return False


def await_nothing(before: Register, change: Change, system: str, merged: Seen) -> Seen:
    """nothing_awaited: an edit that comes after one whose author had seen it stands against it."""
    return {}


def compare_nothing(*_: object) -> None:
    """only_edited, no_poll: what a restored system lacks is due only where somebody edits it."""


@dataclass(frozen=True)
class Mutant:
    """What is replaced, and the broken promise that must give it away, in the world `first` or in another one."""

    gives_away: str
    spoke: type[Spoke] = Spoke
    patches: tuple[tuple[object, str, object], ...] = ()
    first: int = 0

    def worlds(self, seeds: range) -> Sequence[int]:
        """All of them, from the one in which it was convicted before."""
        return (*seeds[self.first :], *seeds[: self.first])


MUTANTS: dict[str, Mutant] = {
    "no_local_guard": Mutant("flip_flop", spoke=OverwritesWhatTheHubHasNotSeen),
    "no_rev_guard": Mutant("divergence", spoke=TakesAnyRevision),
    "no_floor": Mutant("divergence", spoke=ForgetsWithoutAFloor),
    "record_level_context": Mutant("silent_loss", spoke=KnowsOneRevisionOfTheRecord),
    "wallclock_lww": Mutant("causality", spoke=TrustsItsWallClock, patches=((merge, "unseen", keep_all_heads),)),
    "no_dedupe": Mutant("replay_changed_state", patches=((fold, "merge_event", merge_again),)),
    "strict_no_bump": Mutant("divergence", patches=((fold, "merge_event", refuse_without_a_new_revision),)),
    "echo": Mutant("no_quiet", spoke=Echoes),
    "silent": Mutant("silent_loss", patches=((fold, "_log", keep_no_log),)),
    "phase_by_arrival": Mutant("order_matters", patches=((merge._Work, "_admitted", admit_by_arrival),), first=11),
    "phase_forgets": Mutant("order_matters", patches=((merge._Work, "turn", decide_once),), first=19),
    "tie_by_arrival": Mutant("order_matters", patches=((policy, "order", by_time_alone),)),
}

RESTORED: dict[str, Mutant] = {
    "no_fork": Mutant("silent_loss", patches=((fold, "merge_event", take_forks_for_duplicates),)),
    "no_previous_life": Mutant("silent_loss", patches=((merge, "replaces", replace_whatever_stands),)),
    "seq_guard_only": Mutant("flip_flop", spoke=ComparesNumbersOnly),
    "only_edited": Mutant("divergence", patches=((HubUnderTest, "compare", compare_nothing),)),
    "no_poll": Mutant("divergence", patches=((World, "poll", compare_nothing),)),
}
"""These show themselves only where systems are restored from backups."""

HUB_RESTORED: dict[str, Mutant] = {
    "revisions_counted": Mutant("silent_loss", patches=((fold, "merge_event", count_revisions),), first=24),
    "context_by_revision": Mutant("causality", patches=((seen, "is_seen", know_revisions_only),), first=24),
    "nothing_awaited": Mutant("order_matters", patches=((merge, "await_from", await_nothing),), first=97),
}
"""These show themselves only where the hub is restored."""
