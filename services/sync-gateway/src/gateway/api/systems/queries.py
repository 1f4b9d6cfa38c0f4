"""Reads of the systems and of the hub's status. Systems and positions belong to no tenant; other data is the
caller's."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from chassis import clock, outbox
from chassis.counting import at_least, counts
from chassis.db import TENANT
from chassis.errors import NotFound
from chassis.health import Trouble, outbox_troubles, worker_troubles
from chassis.outbox import OutboxRow
from sqlalchemy import Uuid, literal_column, select
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.api.systems.schemas import (
    Connection,
    OutboxOut,
    Overall,
    PositionOut,
    RefusedKindOut,
    StatusOut,
    SystemOut,
    TroubleOut,
)
from gateway.kinds import KINDS
from gateway.kinds.holders import declared
from gateway.store import backlog, due
from gateway.store.backlog import Unread
from gateway.store.decisions import DecisionRow
from gateway.store.pauses import HeldBack
from gateway.store.positions import POSITIONS
from gateway.store.quarantine import Quarantined
from gateway.store.records import Record
from gateway.store.refused_kinds import RefusedKind
from gateway.store.systems import all_systems, paused


class NoSuchSystem(NotFound):
    code = "no-such-system"
    title = "The hub is not connected to a system of this name"
    detail = "It is connected to: {systems}."
    hint = "Use one of these names. A new system is registered: PUT /v1/systems/{system}."


class _Due(NamedTuple):
    counted: Mapping[str, int]
    oldest: datetime | None


async def check_system(session: AsyncSession, name: str) -> None:
    """Raises `NoSuchSystem` when there is none of this name."""
    names = [row["name"] for row in await all_systems(session)]
    if name not in names:
        raise NoSuchSystem(system=name, systems=", ".join(names) or "none yet, its worker has not started")


async def hindrances(session: AsyncSession) -> dict[str, str]:
    """The reason why nothing is delivered to a system, for paused and unavailable ones."""
    told = {}
    for row in await all_systems(session):
        if row["paused_at"] is not None:
            whose = " for all tenants" if row["paused_for"] == "all_tenants" else ""
            told[row["name"]] = f"{row['name']} is paused{whose} by {row['paused_by']} since {_when(row['paused_at'])}"
        elif row["away_since"] is not None:
            told[row["name"]] = f"{row['name']} is unavailable since {_when(row['away_since'])}: {row['away_because']}"
    return told


def _when(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")


async def systems(session: AsyncSession) -> list[SystemOut]:
    """Every system with its numbers of due deliveries."""
    refused: dict[str, list[RefusedKind]] = defaultdict(list)
    for kind in await session.scalars(select(RefusedKind).order_by(RefusedKind.kind)):
        refused[kind.system].append(kind)
    unread = await backlog.known(session)
    return [
        _shown(row, await _due(session, row["name"]), refused[row["name"]], backlog.of_system(unread, row["name"]))
        for row in await all_systems(session)
    ]


async def reading_troubles(session: AsyncSession) -> list[Trouble]:
    """The partitions with unread messages that are not read and not paused."""
    return backlog.stalled(await backlog.known(session), await paused(session), clock.now())


async def status(session: AsyncSession) -> StatusOut:
    """The status of the hub."""
    shown = await systems(session)
    opened = select(DecisionRow.id).where(DecisionRow.state == "open")
    conflicts = (await counts(session, {"conflicts_open": opened}))["conflicts_open"]
    held = await _held(session)
    records = await counts(session, {kind: select(Record.canonical_id).where(Record.kind == kind) for kind in KINDS})
    waiting = await _outbox(session)
    troubles = [*await worker_troubles(session), *await outbox_troubles(session), *await reading_troubles(session)]
    return StatusOut(
        state=overall(shown, conflicts + held + waiting.parked, troubles),
        systems=shown,
        conflicts_open=conflicts,
        quarantine_held=held,
        records=records,
        at_least=at_least(
            {
                "conflicts_open": conflicts,
                "quarantine_held": held,
                **{f"records.{kind}": number for kind, number in records.items()},
            }
        ),
        outbox=waiting,
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
    """The worst condition, as one word."""
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
    behind = any(
        system.joining or system.pending or system.waiting or system.unread or system.held_back for system in systems
    )
    return "catching_up" if behind else "in_step"


def _shown(row: dict[str, Any], due: _Due, refused: Sequence[RefusedKind], unread: Sequence[Unread]) -> SystemOut:
    connection: Connection = "connected"
    if row["paused_at"] is not None:
        connection = "paused"
    elif row["away_since"] is not None:
        connection = "away"
    elif row["restored_at"] is not None:
        connection = "joining" if row["joining"] else "restored"
    compared = {
        "since": row["restored_at"],
        "because": row["restored_because"],
        "done": row["compare_done"],
        "total": row["compare_total"],
    }
    oldest, counted = due.oldest, dict(due.counted)
    messages = sum(each.messages for each in unread)
    oldest_unread = min((each.oldest_at for each in unread), default=None)
    if connection == "paused":
        counted["pending"] += messages + counted["held_back"]
        oldest = min((moment for moment in (oldest, oldest_unread) if moment), default=None)
    age = {"oldest_pending_age_seconds": _age_seconds(oldest), "latency": row["latency"] or None}
    age |= {"unread": messages, "oldest_unread_age_seconds": _age_seconds(oldest_unread)}
    kinds = [RefusedKindOut.model_validate(kind) for kind in refused]
    shown = {"kinds_refused": kinds, "restored": None, "joining": None, "kinds": row["kinds"] or declared(row["name"])}
    if row["restored_at"] is not None:
        shown["joining" if row["joining"] else "restored"] = compared
    return SystemOut.model_validate(
        {**row, **counted, **age, **shown, "at_least": at_least(counted), "state": connection}
    )


def _age_seconds(since: datetime | None) -> float:
    return max(0.0, (clock.now() - since).total_seconds()) if since else 0.0


async def _due(session: AsyncSession, system: str) -> _Due:
    held_back = select(HeldBack.id).where(HeldBack.system == system)
    counted = await counts(session, {**due.counted(system), "held_back": held_back})
    return _Due(counted, await due.oldest_pending(session, system))


async def _held(session: AsyncSession) -> int:
    """The tenant's messages in quarantine, and for operators those of no tenant: row-level security decides."""
    held = select(Quarantined.id).where(Quarantined.state == "held")
    ours = held.where(Quarantined.tenant_id == literal_column(TENANT, Uuid))
    found = await counts(session, {"ours": ours, "nobody's": held.where(Quarantined.tenant_id.is_(None))})
    return sum(found.values())


async def _outbox(session: AsyncSession) -> OutboxOut:
    waiting, parked, oldest = await outbox.backlog(session)
    refused = select(OutboxRow.error).where(OutboxRow.parked_at.is_not(None)).order_by(OutboxRow.id).limit(1)
    return OutboxOut(
        pending=waiting,
        oldest_age_seconds=_age_seconds(oldest),
        parked=parked,
        parked_because=await session.scalar(refused),
        at_least=at_least({"pending": waiting, "parked": parked}),
    )
