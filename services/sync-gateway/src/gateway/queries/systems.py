"""Reads of the systems and of the hub's state. Systems and positions belong to no tenant; all else is the caller's."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from chassis import clock
from chassis.errors import NotFound
from chassis.health import Trouble, outbox_troubles, worker_troubles
from chassis.outbox import OutboxRow
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from gateway import backlog
from gateway.backlog import Unread
from gateway.conflicts.models import DecisionRow
from gateway.deliver.models import Delivery
from gateway.deliver.refused_kinds import RefusedKind
from gateway.kinds import KINDS
from gateway.pauses import HeldBack
from gateway.quarantine import Quarantined
from gateway.queries.deliveries import REFUSED
from gateway.records import Record
from gateway.schemas.systems import (
    Connection,
    OutboxOut,
    Overall,
    PositionOut,
    RefusedKindOut,
    StatusOut,
    SystemOut,
    TroubleOut,
)
from gateway.systems import POSITIONS, all_systems, paused


class NoSuchSystem(NotFound):
    code = "no-such-system"
    title = "The hub is not connected to a system of this name"
    detail = "It is connected to: {systems}."
    hint = "Use one of these names; a new system is declared in the gateway's SYSTEMS."


async def check_system(session: AsyncSession, name: str) -> None:
    """Raise `NoSuchSystem` when there is none of this name."""
    names = [row["name"] for row in await all_systems(session)]
    if name not in names:
        raise NoSuchSystem(system=name, systems=", ".join(names) or "none yet, its worker has not started")


async def hindrances(session: AsyncSession) -> dict[str, str]:
    """Why nothing goes to a system at all, for those that are paused or away."""
    told = {}
    for row in await all_systems(session):
        if row["paused_at"] is not None:
            whose = " for all tenants" if row["paused_for"] == "all_tenants" else ""
            told[row["name"]] = f"{row['name']} is paused{whose} by {row['paused_by']} since {_when(row['paused_at'])}"
        elif row["away_since"] is not None:
            told[row["name"]] = f"{row['name']} is away since {_when(row['away_since'])}: {row['away_because']}"
    return told


def _when(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")


async def systems(session: AsyncSession) -> list[SystemOut]:
    """Every system with what is due there."""
    due = await _due(session)
    refused: dict[str, list[RefusedKind]] = defaultdict(list)
    for kind in await session.scalars(select(RefusedKind).order_by(RefusedKind.kind)):
        refused[kind.system].append(kind)
    counted = select(HeldBack.system, func.count()).group_by(HeldBack.system)
    held_back = dict((await session.execute(counted)).all())
    unread = await backlog.known(session)
    return [
        _shown(
            {**row, "held_back": held_back.get(row["name"], 0)},
            due.get(row["name"], {}),
            refused[row["name"]],
            backlog.of_system(unread, row["name"]),
        )
        for row in await all_systems(session)
    ]


async def reading_troubles(session: AsyncSession) -> list[Trouble]:
    """The partitions of which nothing is read, although they hold something and are not paused."""
    return backlog.stalled(await backlog.known(session), await paused(session), clock.now())


async def status(session: AsyncSession) -> StatusOut:
    """The hub at a glance."""
    shown = await systems(session)
    conflicts = await _count(session, DecisionRow, DecisionRow.state == "open")
    held = await _count(session, Quarantined, Quarantined.state == "held")
    counted = select(Record.kind, func.count()).group_by(Record.kind)
    records = dict((await session.execute(counted)).all())
    outbox = await _outbox(session)
    troubles = [*await worker_troubles(session), *await outbox_troubles(session), *await reading_troubles(session)]
    return StatusOut(
        state=overall(shown, conflicts + held + outbox.parked, troubles),
        systems=shown,
        conflicts_open=conflicts,
        quarantine_held=held,
        records={kind: records.get(kind, 0) for kind in KINDS},
        outbox=outbox,
        troubles=[TroubleOut.model_validate(each._asdict()) for each in troubles],
        positions=await _positions(session),
    )


async def _positions(session: AsyncSession) -> list[PositionOut]:
    unread = await backlog.known(session)
    shown = []
    for row in await session.execute(select(POSITIONS).order_by(POSITIONS.c.topic, POSITIONS.c.partition)):
        held = unread.get((row.topic, row.partition))
        age, since = (_age_seconds(held.oldest_at), held.stalled_since) if held else (0.0, None)
        more = {"unread": held.messages if held else 0, "oldest_unread_age_seconds": age, "stalled_since": since}
        shown.append(PositionOut.model_validate({**row._mapping, **more}))
    return shown


def overall(systems: list[SystemOut], for_a_person: int, troubles: Sequence[Trouble] = ()) -> Overall:
    """The worst that is so, in one word."""
    if troubles:
        return "stalled"
    states = {system.state for system in systems}
    if "away" in states:
        return "away"
    if for_a_person or any(system.rejected or system.kinds_refused for system in systems):
        return "attention"
    if any(system.restored for system in systems):
        return "restored"
    if "paused" in states:
        return "paused"
    behind = any(system.pending or system.waiting or system.unread or system.held_back for system in systems)
    return "catching_up" if behind else "in_step"


def _shown(
    row: dict[str, Any], due: dict[str, Any], refused: Sequence[RefusedKind], unread: Sequence[Unread]
) -> SystemOut:
    connection: Connection = "connected"
    if row["paused_at"] is not None:
        connection = "paused"
    elif row["away_since"] is not None:
        connection = "away"
    elif row["restored_at"] is not None:
        connection = "restored"
    restored = {
        "since": row["restored_at"],
        "because": row["restored_because"],
        "done": row["compare_done"],
        "total": row["compare_total"],
    }
    oldest = due.get("oldest")
    counts = {name: due.get(name, 0) for name in ("pending", "waiting", "rejected")}
    messages = sum(each.messages for each in unread)
    oldest_unread = min((each.oldest_at for each in unread), default=None)
    if connection == "paused":
        counts["pending"] += messages + row["held_back"]
        oldest = min((moment for moment in (oldest, oldest_unread) if moment), default=None)
    age = {"oldest_pending_age_seconds": _age_seconds(oldest), "latency": row["latency"] or None}
    age |= {"unread": messages, "oldest_unread_age_seconds": _age_seconds(oldest_unread)}
    kinds = [RefusedKindOut.model_validate(kind) for kind in refused]
    shown = {"kinds_refused": kinds, "restored": restored if row["restored_at"] is not None else None}
    return SystemOut.model_validate({**row, **counts, **age, **shown, "state": connection})


def _age_seconds(since: datetime | None) -> float:
    return max(0.0, (clock.now() - since).total_seconds()) if since else 0.0


async def _due(session: AsyncSession) -> dict[str, dict[str, Any]]:
    statement = (
        select(
            Delivery.system,
            func.count().filter(Delivery.state == "pending").label("pending"),
            func.count().filter(Delivery.state == "waiting").label("waiting"),
            func.count().filter(REFUSED).label("rejected"),
            func.min(Delivery.due_at).filter(Delivery.state == "pending").label("oldest"),
        )
        .where(Delivery.state.in_(("pending", "waiting", "rejected")))
        .group_by(Delivery.system)
    )
    return {row.system: dict(row._mapping) for row in await session.execute(statement)}


async def _count(session: AsyncSession, table: type[DecisionRow | Quarantined], condition: Any) -> int:
    return await session.scalar(select(func.count()).select_from(table).where(condition)) or 0


async def _outbox(session: AsyncSession) -> OutboxOut:
    waiting = select(func.count(), func.min(OutboxRow.created_at)).where(OutboxRow.parked_at.is_(None))
    pending, oldest = (await session.execute(waiting)).one()
    refused = select(OutboxRow.error, func.count().over()).where(OutboxRow.parked_at.is_not(None))
    because, parked = (await session.execute(refused.order_by(OutboxRow.id).limit(1))).first() or (None, 0)
    return OutboxOut(pending=pending, oldest_age_seconds=_age_seconds(oldest), parked=parked, parked_because=because)
