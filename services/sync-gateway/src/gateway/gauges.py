"""The hub's gauges. Each reads an index of what is held or due, never a whole table, and counts up to a bound."""

from collections.abc import Sequence
from datetime import datetime

from chassis import clock, telemetry
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from gateway import backlog
from gateway.conflicts.models import DecisionRow
from gateway.deliver.models import Delivery
from gateway.kinds import KINDS
from gateway.quarantine import Quarantined
from gateway.systems import all_systems

COUNTED = 10_000
"""Gauges say "this many or more" beyond it."""


async def observe(session: AsyncSession, names: Sequence[str]) -> None:
    """Set the gauges of these systems and of what waits for people."""
    for row in await all_systems(session):
        telemetry.PAUSED.labels(row["name"]).set(row["paused_at"] is not None)
        telemetry.AWAY.labels(row["name"]).set(row["away_since"] is not None)
    for name in names:
        await _observe_deliveries(session, name)
    await _observe_unread(session, names)
    opened = select(DecisionRow.kind, func.count()).where(DecisionRow.state == "open").group_by(DecisionRow.kind)
    parked = dict((await session.execute(opened)).tuples().all())
    for kind in KINDS:
        telemetry.PARKED.labels(kind).set(parked.get(kind, 0))
    held = select(Quarantined.id).where(Quarantined.state == "held").limit(COUNTED).subquery()
    telemetry.QUARANTINED.set(await session.scalar(select(func.count()).select_from(held)) or 0)


async def _observe_deliveries(session: AsyncSession, name: str) -> None:
    gauges = {"pending": telemetry.PENDING, "waiting": telemetry.WAITING, "rejected": telemetry.REJECTED}
    for state, gauge in gauges.items():
        some = select(Delivery.due_at).where(*_in_state(name, state)).limit(COUNTED).subquery()
        gauge.labels(name).set(await session.scalar(select(func.count()).select_from(some)) or 0)
    first = select(Delivery.due_at).where(*_in_state(name, "pending")).order_by(Delivery.due_at).limit(1)
    telemetry.PENDING_OLDEST_AGE_SECONDS.labels(name).set(_age_seconds(await session.scalar(first)))


def _in_state(name: str, state: str) -> tuple[ColumnElement[bool], ...]:
    return Delivery.system == name, Delivery.state == state


async def _observe_unread(session: AsyncSession, names: Sequence[str]) -> None:
    unread = await backlog.known(session)
    for name in names:
        found = backlog.of_system(unread, name)
        telemetry.UNREAD.labels(name).set(sum(each.messages for each in found))
        oldest = min((each.oldest_at for each in found), default=None)
        telemetry.UNREAD_OLDEST_AGE_SECONDS.labels(name).set(_age_seconds(oldest))


def _age_seconds(since: datetime | None) -> float:
    return max(0.0, (clock.now() - since).total_seconds()) if since else 0.0
