"""Reads of entries and of the chain."""

from collections.abc import AsyncIterator, Collection, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from chassis.audit import AuditEntry, Unchained
from chassis.pages import Sorting
from sqlalchemy import Select, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from audit.models import AuditLink
from audit.rules import FIRST, Entry
from audit.schemas import AuditFilters

ORDERS = Sorting({"at": AuditEntry.at}, AuditEntry.id, "-at")
BATCH = 1000
LATE = "10 minutes"
"""An entry that is older is chained, unless the worker is stopped or somebody removed it from the queue."""


class Head(NamedTuple):
    """The last link of a tenant's chain."""

    position: int
    hash: bytes


def search(filters: AuditFilters) -> Select[Any]:
    """The entries that match every filter, each with its link."""
    wanted: Any = select(AuditEntry, AuditLink).join(AuditLink, AuditLink.entry_id == AuditEntry.id, isouter=True)
    for column, value in ((AuditEntry.actor, filters.actor), (AuditEntry.action, filters.action)):
        wanted = wanted if value is None else wanted.where(column == value)
    if filters.since is not None:
        wanted = wanted.where(AuditEntry.at >= filters.since)
    found: Select[Any] = wanted if filters.until is None else wanted.where(AuditEntry.at < filters.until)
    return found


async def head(session: AsyncSession) -> Head:
    """The end of the chain of the session's tenant."""
    wanted = select(AuditLink.position, AuditLink.hash).order_by(AuditLink.position.desc()).limit(1)
    row = (await session.execute(wanted)).one_or_none()
    return Head(*row) if row else Head(0, FIRST)


async def tenants(session: AsyncSession) -> Sequence[UUID]:
    """All tenants with entries."""
    found = select(AuditEntry.tenant_id).union(select(AuditLink.tenant_id)).order_by("tenant_id")
    return list(await session.scalars(found))


async def waiting_tenants(session: AsyncSession) -> Sequence[UUID]:
    """The tenants with entries that are not chained yet."""
    return list(await session.scalars(select(Unchained.tenant_id).distinct()))


async def entries(session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, Entry]:
    """Entries by id."""
    rows = await session.scalars(select(AuditEntry).where(AuditEntry.id.in_(ids)))
    return {
        row.id: Entry(row.tenant_id, row.id, row.at, row.actor, row.action, row.facts, row.correlation_id)
        for row in rows
    }


async def links(session: AsyncSession) -> AsyncIterator[tuple[AuditLink, Entry | None]]:
    """The chain of the session's tenant in its order, each link with its entry: None when there is none."""
    after = -1
    while True:
        wanted = select(AuditLink).where(AuditLink.position > after).order_by(AuditLink.position).limit(BATCH)
        found = list(await session.scalars(wanted))
        known = await entries(session, [link.entry_id for link in found])
        for link in found:
            yield link, known.get(link.entry_id)
        session.expunge_all()
        if len(found) < BATCH:
            return
        after = found[-1].position


async def unlinked(session: AsyncSession) -> int:
    """The number of entries of the session's tenant that should be in the chain, and are not."""
    linked = select(AuditLink.entry_id).where(AuditLink.entry_id == AuditEntry.id).exists()
    old = AuditEntry.at < func.now() - text(f"interval '{LATE}'")
    return await session.scalar(select(func.count()).select_from(AuditEntry).where(old, ~linked)) or 0
