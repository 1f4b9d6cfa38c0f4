"""What the author of an edit had seen: which heads the edit replaces, and which edits arrive after their replacement.

`ctx` expresses it by a revision of the hub, `seen` by the edits themselves. A hub that was restored from a backup
merges the edits of its lost life again and assigns other revisions to them, so only `seen` is valid there. It also
names edits that this hub has not merged again yet: they are replaced before they arrive.
"""

from collections.abc import Mapping, Sequence

from gateway.merge.policy import Head, system_of
from gateway.merge.register import Change, Register, Seen, moment_of


def unseen(heads: Mapping[str, Head], change: Change, system: str) -> dict[str, Head]:
    """The heads of other origins that the author of this edit had not seen."""
    return {origin: head for origin, head in heads.items() if origin != system and not _saw(change, origin, head)}


def replaces(change: Change, seq: int, system: str, own: Head) -> bool:
    """Whether the author of an edit had seen its own system's head. If not, the head belongs to a life before a
    restore."""
    after = seq - 1 if change.after is None else change.after
    return own.seq <= after or _saw(change, system, own)


def _saw(change: Change, origin: str, head: Head) -> bool:
    return head.rev <= change.ctx or is_seen(change.seen or {}, system_of(origin), head)


def is_seen(seen: Seen, system: str, head: Head) -> bool:
    """Whether the edit of a system is among the seen ones."""
    if system not in seen:
        return False
    time_us, seq = seen[system]
    return head.seq <= seq and moment_of(head).time_us <= time_us


def await_from(before: Register, change: Change, system: str, merged: Seen) -> Seen:
    """What the authors of a group's edits have seen of other systems and the hub has not merged."""
    others = [(other, reach) for other, reach in (change.seen or {}).items() if other != system]
    awaited: dict[str, Sequence[int]] = {}
    for other, reach in [*before.awaited.items(), *others]:
        known = merged.get(other, (0, 0))
        if further(reach, known) != list(known):
            awaited[other] = further(reach, awaited.get(other, reach))
    return awaited


def further(one: Sequence[int], other: Sequence[int]) -> list[int]:
    """The maximum of both, per component."""
    return [max(pair) for pair in zip(one, other, strict=True)]
