"""The report in a delivery, beside the values: states of other systems, open conflicts, recent decisions.

A pure function of registers, deliveries and the decision log, so a report never changes the report to other systems.
"""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from chassis.db import JsonObject
from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.store.decisions import DecisionRow
from gateway.store.load import IDS
from gateway.store.records import RecordRow
from gateway.store.state import State

NEWEST_DECISIONS = 5
MOST_CONFLICTS = 20

_placed = (
    select(
        DecisionRow.id,
        func.row_number().over(partition_by=DecisionRow.canonical_id, order_by=DecisionRow.id.desc()).label("place"),
    )
    .where(DecisionRow.canonical_id == IDS)
    .subquery()
)
RECENT = (
    select(DecisionRow)
    .join(_placed, _placed.c.id == DecisionRow.id)
    .where(or_(_placed.c.place <= NEWEST_DECISIONS, DecisionRow.state == "open"))
    .order_by(DecisionRow.id.desc())
)


async def read_decisions(session: AsyncSession, state: State, ids: Iterable[UUID]) -> None:
    """Read the newest decisions of these records, and all open ones, the newest first."""
    for row in await session.scalars(RECENT, {"ids": sorted(ids)}):
        state.decided[row.canonical_id].append(row)


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
