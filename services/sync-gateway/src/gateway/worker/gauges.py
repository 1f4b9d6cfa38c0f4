"""The hub's gauges. Each reads an index of held or due rows, and counts up to a bound (`chassis.counting`)."""

from collections.abc import Sequence
from datetime import datetime

from chassis import clock, telemetry
from chassis.counting import counts
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.kinds import KINDS
from gateway.store import backlog, due
from gateway.store.decisions import DecisionRow
from gateway.store.quarantine import Quarantined
from gateway.store.systems import all_systems


async def observe(session: AsyncSession, names: Sequence[str]) -> None:
    """Set the gauges of these systems and of records that wait for people."""
    for row in await all_systems(session):
        telemetry.PAUSED.labels(row["name"]).set(row["paused_at"] is not None)
        telemetry.AWAY.labels(row["name"]).set(row["away_since"] is not None)
    for name in names:
        await _observe_deliveries(session, name)
    await _observe_unread(session, names)
    opened = select(DecisionRow.kind).where(DecisionRow.state == "open")
    parked = await counts(session, {kind: opened.where(DecisionRow.kind == kind) for kind in KINDS})
    for kind, number in parked.items():
        telemetry.PARKED.labels(kind).set(number)
    held = select(Quarantined.id).where(Quarantined.state == "held")
    telemetry.QUARANTINED.set((await counts(session, {"held": held}))["held"])


async def _observe_deliveries(session: AsyncSession, name: str) -> None:
    gauges = {"pending": telemetry.PENDING, "waiting": telemetry.WAITING, "rejected": telemetry.REJECTED}
    for state, number in (await counts(session, due.counted(name))).items():
        gauges[state].labels(name).set(number)
    oldest = await due.oldest_pending(session, name)
    telemetry.PENDING_OLDEST_AGE_SECONDS.labels(name).set(_age_seconds(oldest))


async def _observe_unread(session: AsyncSession, names: Sequence[str]) -> None:
    unread = await backlog.known(session)
    for name in names:
        found = backlog.of_system(unread, name)
        telemetry.UNREAD.labels(name).set(sum(each.messages for each in found))
        oldest = min((each.oldest_at for each in found), default=None)
        telemetry.UNREAD_OLDEST_AGE_SECONDS.labels(name).set(_age_seconds(oldest))


def _age_seconds(since: datetime | None) -> float:
    return max(0.0, (clock.now() - since).total_seconds()) if since else 0.0
