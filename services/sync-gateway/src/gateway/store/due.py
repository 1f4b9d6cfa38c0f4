"""Reads of what is due, waits or is refused."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, literal_column, or_, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.store.deliveries import Delivery

# A newer value may be on its way while an older refusal stands. Written as the partial index has it.
REFUSED = Delivery.refused != literal_column("'{}'", JSONB)
STATES: dict[str | None, ColumnElement[bool]] = {
    None: Delivery.state.in_(("pending", "waiting", "rejected")),
    "pending": Delivery.state == "pending",
    "waiting": Delivery.state == "waiting",
    "rejected": REFUSED,
}


@dataclass(frozen=True)
class Held:
    """Which of the deliveries that are refused or wait; what is None limits nothing."""

    system: str | None = None
    kind: str | None = None
    canonical_ids: Sequence[UUID] | None = None


def counted(system: str) -> dict[str, Select[*tuple[Any, ...]]]:
    """What is counted of a system, by name. An index serves each, for one tenant and for all."""
    mine = select(Delivery.due_at).where(Delivery.system == system)
    return {state: mine.where(STATES[state]) for state in ("pending", "waiting", "rejected")}


async def oldest_pending(session: AsyncSession, system: str) -> datetime | None:
    """When the first of what is pending for a system was due."""
    first = counted(system)["pending"].order_by(Delivery.due_at).limit(1)
    oldest: datetime | None = await session.scalar(first)
    return oldest


async def held(session: AsyncSession, wanted: Held, limit: int) -> list[Delivery]:
    """Deliveries that are refused or wait, locked in the order that everybody locks in."""
    statement = select(Delivery).where(_held(wanted)).order_by(Delivery.canonical_id, Delivery.system)
    return list((await session.scalars(statement.limit(limit).with_for_update())).all())


async def count_held(session: AsyncSession, wanted: Held) -> int:
    """How many deliveries are refused or wait."""
    return await session.scalar(select(func.count()).select_from(Delivery).where(_held(wanted))) or 0


def _held(wanted: Held) -> ColumnElement[bool]:
    conditions = [or_(REFUSED, Delivery.state == "waiting")]
    if wanted.system is not None:
        conditions.append(Delivery.system == wanted.system)
    if wanted.kind is not None:
        conditions.append(Delivery.kind == wanted.kind)
    if wanted.canonical_ids is not None:
        conditions.append(Delivery.canonical_id.in_(wanted.canonical_ids))
    return and_(*conditions)
