"""The same decision is one line of the log, also when a restored hub makes it once more.

Such a hub reads events again that it had merged, and reads back from its own topic what it had decided. Either may come
first. Two lines are the same decision when record, group, rule and the events that met are the same.
"""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Text, Uuid, any_, bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.store.decisions import DecisionRow

Mark = tuple[UUID, str, str, frozenset[str]]
# The event that led to a decision is usually one of the conflicting ones; if it is not, the entry is stored twice.
KNOWN: Any = select(DecisionRow).where(
    DecisionRow.canonical_id == any_(bindparam("ids", type_=ARRAY(Uuid()))),
    DecisionRow.event_id == any_(bindparam("events", type_=ARRAY(Text()))),
    DecisionRow.state != "resolved",
)
MADE = ("kind", "policy", "policy_version", "winner", "value", "heads", "detail", "event_id", "state", "decided_at")


def mark(row: DecisionRow) -> Mark:
    """The identifying properties of a decision."""
    return row.canonical_id, row.group_key, row.rule, frozenset(each["event_id"] for each in row.heads)


async def others(session: AsyncSession, rows: Iterable[DecisionRow]) -> dict[Mark, DecisionRow]:
    """Other entries of the log that are the same decisions. An entry that a steward resolved is not one of them."""
    wanted = {row.id: mark(row) for row in rows if row.heads}
    if not wanted:
        return {}
    ids = sorted({canonical_id for canonical_id, *_ in wanted.values()})
    events = sorted(set().union(*(met for *_, met in wanted.values())))
    found = await session.scalars(KNOWN, {"ids": ids, "events": events})
    return {mark(row): row for row in found if row.id not in wanted}


async def under_known_ids(session: AsyncSession, made: Sequence[DecisionRow]) -> list[DecisionRow]:
    """New decisions; one that the log has already is replaced by its entry with the new result."""
    new = [row for row in made if row not in session]
    closed = {key: line for key, line in (await others(session, new)).items() if line.state != "open"}
    return [_as_made(closed[mark(row)], row) if row in new and mark(row) in closed else row for row in made]


def _as_made(line: DecisionRow, row: DecisionRow) -> DecisionRow:
    for name in MADE:
        setattr(line, name, getattr(row, name))
    return line
