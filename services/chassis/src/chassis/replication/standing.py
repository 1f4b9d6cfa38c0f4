"""The state of a record in other systems, as its row stores it: the hub's last report, and local edits since then."""

from collections.abc import Mapping
from typing import Any, Literal, get_args

from chassis.replication.kind import Replicated

State = Literal["rejected", "conflict", "waiting", "on_its_way", "in_step"]
STATES: tuple[State, ...] = get_args(State)
"""The worst first."""


def sync_state(row: Replicated) -> dict[str, Any]:
    """The `Sync` of a row.

    An edit that the hub has not merged yet may resolve a refusal or conflict: its groups count as on their way until
    the hub reports their new state. A refusal that names no group is treated as resolved by any edit.
    """
    merged = row.merged_seq
    edited = {group for group, own in row.sync.items() if own.get("seq", 0) > merged}
    conflicts = [each for each in row.decided.get("conflicts", ()) if each["group"] not in edited]
    systems = {name: _now(peer, edited, bool(conflicts)) for name, peer in row.peers.items()}
    own = "conflict" if conflicts else "on_its_way" if edited or not row.canonical_id else "in_step"
    states = {own, *(system["state"] for system in systems.values())}
    return {
        "canonical_id": row.canonical_id,
        "state": next(state for state in STATES if state in states),
        "systems": systems,
        "conflicts": conflicts,
        "decisions": row.decided.get("decisions", []),
    }


def _now(peer: Mapping[str, Any], edited: set[str], in_conflict: bool) -> dict[str, Any]:
    """The hub's report on one system, without groups that were edited since. Rows of older versions have no
    `fields`."""
    state, reason, told = peer["state"], peer.get("reason"), peer.get("fields", [])
    fields = [field for field in told if field["group"] not in edited]
    if not edited:
        return {"state": state, "reason": reason, "fields": fields}
    if state == "rejected" and fields:
        reason = " ".join(dict.fromkeys(field["message"] for field in fields))
        return {"state": state, "reason": reason, "fields": fields}
    if state == "waiting" or (state == "conflict" and in_conflict):
        return {"state": state, "reason": reason, "fields": fields}
    return {"state": "on_its_way", "reason": None, "fields": []}
