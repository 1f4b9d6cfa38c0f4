"""Dropping the marks of removed members of a family (`tag:retail`), once the hub has acknowledged them.

A row keeps one mark for each group, so a family whose members change often would grow without limit. The mark of a
removed member is dropped, and the family's entry stores the floor: this row has applied every revision of any member up
to it. The floor is enough to detect a late delivery of a dropped member, and to report what the author of an edit had
seen, because the hub gives the members of one family rising revisions.

Only a delivery that continues the floor without a gap raises it. So it stays correct on a row that was restored from a
backup and has less than the hub assumes.
"""

from collections.abc import Mapping
from typing import Any, Protocol

from chassis.replication.kind import Moment, guard

Sync = Mapping[str, Mapping[str, Any]]


class Floor(Protocol):
    """A delivery contains every revision of a family above `after` and up to `rev`."""

    @property
    def after(self) -> int: ...
    @property
    def rev(self) -> int: ...


def standing(sync: Sync, key: str) -> Mapping[str, Any]:
    """The mark of a group; a member without a mark has the floor of its family."""
    return sync.get(key) or sync.get(key.partition(":")[0]) or {}


def seen_in(own: Mapping[str, Any]) -> dict[str, Any]:
    """The edits that are contained in the revision of an entry, as reported by the hub."""
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
    """The row's `sync` after a delivery: with raised floors, and without acknowledged marks of removed members.

    A mark stays while the row has a value of the member, or a local edit of it that the hub has not merged.
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
