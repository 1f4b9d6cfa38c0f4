"""What a delivery contains beside its record: the newest decisions, and the receiver's ids of records it refers to."""

from collections.abc import Iterable
from uuid import UUID

from adjustments.statements import Statement
from sqlalchemy import bindparam, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.kinds import kind_spec
from gateway.kinds.references import canonical_references
from gateway.store.decisions import DecisionRow
from gateway.store.links import Link, LinkRow
from gateway.store.load import IDS
from gateway.store.rows import columns_of
from gateway.store.state import State

NEWEST_DECISIONS = 5

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
DECIDED = Statement("select distinct canonical_id from decisions where canonical_id = any(cast(:ids as uuid[]))")
TARGETS = Statement(
    columns_of(LinkRow, Link).where(
        Link.canonical_id == IDS, Link.system == bindparam("system"), Link.retired_at.is_(None)
    )
)


async def read_decisions(session: AsyncSession, state: State, ids: Iterable[UUID]) -> None:
    """Read the newest decisions of these records, and all open ones, the newest first."""
    decided = [row["canonical_id"] for row in await DECIDED.fetch(session, {"ids": sorted(ids)})]
    for row in await session.scalars(RECENT, {"ids": decided}) if decided else ():
        state.decided[row.canonical_id].append(row)


async def read_targets(session: AsyncSession, state: State, system: str) -> None:
    """The links of referred records in the receiving system; those records themselves stay unlocked."""
    wanted = {link.canonical_id for link in state.links.values() if link.canonical_id not in state.records}
    for record in state.records.values():
        wanted.update(canonical_references(record.decoded, kind_spec(record.kind)))
    if wanted:
        for found in await TARGETS.fetch(session, {"ids": sorted(wanted), "system": system}):
            link = LinkRow.read(*found)
            state.linked[(link.canonical_id, link.system)] = link
