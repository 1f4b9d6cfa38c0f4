"""What a row forgets: members of a family (`tag:retail`) that are gone, once the hub has settled them.

A row keeps one entry for each group, so a family whose members come and go would grow for ever. The entry of a member
that is gone is dropped, and the family's entry holds the floor: this row has applied every revision of any member up
to there. That is enough to recognise a late delivery of a forgotten member, and to say what the author of an edit had
seen, because the hub gives the members of one family rising revisions.

A floor is raised only by a delivery that continues it without a gap. So it stays true on a row that was restored from a
backup, of which the hub believes that it has more.
"""

from collections.abc import Mapping
from typing import Any, Protocol

from chassis.replication.kind import Moment, guard

Sync = Mapping[str, Mapping[str, Any]]


class Floor(Protocol):
    """A delivery has every revision of a family behind `after` and up to `rev`."""

    @property
    def after(self) -> int: ...
    @property
    def rev(self) -> int: ...


def standing(sync: Sync, key: str) -> Mapping[str, Any]:
    """Where a group of a row stands; a member that the row does not know stands at the floor of its family."""
    return sync.get(key) or sync.get(key.partition(":")[0]) or {}


def seen_in(own: Mapping[str, Any]) -> dict[str, Any]:
    """Which edits are in the revision of an entry, as far as the hub said so."""
    return {"seen": own["seen"]} if own.get("seen") else {}


def settled(
    sync: Sync,
    floors: Mapping[str, Floor],
    outcomes: Mapping[str, str],
    values: Mapping[str, Any],
    seen_seq: int,
    last: Moment | None = None,
    seen: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The row's `sync` after a delivery: floors raised, and without the members that are gone and settled.

    A member stays while the row has a value of it, or a local edit of it that the hub has not merged.
    """
    unfinished = {_family(group) for group, outcome in outcomes.items() if outcome not in ("applied", "already")}
    after = dict(sync)
    for family, floor in floors.items():
        own = after.get(family, {})
        known = own.get("rev", 0)
        if family in unfinished or known < floor.after:
            continue
        rev, has = (floor.rev, {"seen": seen}) if floor.rev > known else (known, own)
        gone = [
            key
            for key, place in after.items()
            if _family(key) == family and key not in values and guard(rev + 1, place, seen_seq, last) == "write"
        ]
        for key in gone:
            del after[key]
        after[family] = {"seq": 0, "rev": rev, "hlc": 0, **seen_in(has)}
    return after


def _family(key: str) -> str | None:
    family, separator, _ = key.partition(":")
    return family if separator else None
