"""The report in a delivery, beside the values: states of other systems, open conflicts, recent decisions.

A pure function of registers, deliveries and the decision log, so a report never changes the report to other systems.
"""

from collections.abc import Mapping
from typing import Any

from chassis.db import JsonObject

from gateway.store.beside import NEWEST_DECISIONS
from gateway.store.decisions import DecisionRow
from gateway.store.records import RecordRow
from gateway.store.state import State

MOST_CONFLICTS = 20


def told_of(state: State, record: RecordRow, system: str) -> dict[str, Any]:
    """The part of a delivery's body that is shown beside the record."""
    return {
        "peers": _peers(state, record, system),
        "conflicts": _conflicts(state, record),
        "decisions": [_decision(row, system) for row in state.decided[record.canonical_id][:NEWEST_DECISIONS]],
    }


def plain_peers(peers: Mapping[str, Any]) -> dict[str, Any]:
    """The peers in the first version of the port: newer states become `waiting`, without fields."""
    return {
        name: {"state": "waiting" if peer["state"] == "conflict" else peer["state"], "reason": peer["reason"]}
        for name, peer in peers.items()
    }


def _peers(state: State, record: RecordRow, system: str) -> dict[str, Any]:
    others = [other for other in state.deliveries_of(record) if other.system != system]
    return {other.system: other.peer(record.decoded) for other in others}


def _conflicts(state: State, record: RecordRow) -> list[JsonObject]:
    logged: dict[str, DecisionRow] = {}
    for row in state.decided[record.canonical_id]:
        if row.state == "open":
            logged.setdefault(row.group_key, row)
    return [_conflict(group, record, logged.get(group)) for group in record.parked()[:MOST_CONFLICTS]]


def _conflict(group: str, record: RecordRow, logged: DecisionRow | None) -> JsonObject:
    return {
        "group": group,
        "rule": logged.rule if logged else record.decoded[group].rule,
        "since": logged.decided_at.isoformat() if logged else None,
        "decision": str(logged.id) if logged else None,
        "path": f"/v1/decisions/{logged.id}" if logged else None,
    }


def _decision(row: DecisionRow, system: str) -> JsonObject:
    return {
        "id": str(row.id),
        "group": row.group_key,
        "rule": row.rule,
        "winner": row.winner,
        "at": row.decided_at.isoformat(),
        "state": row.state,
        "outcome": row.outcome_for(system),
        "path": f"/v1/decisions/{row.id}",
    }
