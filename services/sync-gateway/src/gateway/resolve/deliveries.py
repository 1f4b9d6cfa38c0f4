"""Dropping deliveries, and delivering records again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from chassis.errors import NotFound
from sqlalchemy import ColumnElement, Select, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.resolve.log import Author, write
from gateway.store import policies
from gateway.store.decisions import DecisionRow
from gateway.store.deliveries import Delivery, DeliveryKey, DeliveryRow
from gateway.store.holding import stored
from gateway.store.load import read_records, save
from gateway.store.records import Record, RecordRow
from gateway.store.state import State

MOST = 1_000
"""Records in one system that are made due in one transaction."""


class NoSuchDelivery(NotFound):
    code = "no-such-delivery"
    title = "The hub delivers no such record to that system"
    hint = "GET /v1/deliveries lists what is due, waits or is refused, with its id."


@dataclass(frozen=True)
class Dropped:
    """The groups that the system does not get. `logged` is None when nothing was due."""

    delivery: DeliveryRow
    record: RecordRow
    groups: list[str]
    logged: DecisionRow | None


async def drop(session: AsyncSession, canonical_id: UUID, system: str, author: Author) -> Dropped:
    """Drop the pending groups of a record for a system at their current revisions; newer ones are delivered.

    The log contains the groups with their values. Raises `NoSuchDelivery`. A second call changes nothing.
    """
    state = State(await stored(session), await policies.current(session))
    await read_records(session, state, [canonical_id])
    delivery = state.deliveries.get((canonical_id, system))
    if delivery is None:
        raise NoSuchDelivery(id=f"{canonical_id}.{system}")
    record = state.records[canonical_id]
    groups = delivery.give_up(record.decoded, author.now)
    if not groups:
        return Dropped(delivery, record, [], None)
    values = {group: record.decoded[group].value for group in groups}
    logged = write(session, record, system, "drop", author, {"groups": values})
    for other in state.deliveries_of(record):
        if other.system != system and other.state in ("idle", "rejected"):
            other.touch(author.now, author.now)  # The state that it reported of this system may have changed.
    await save(session, state)
    return Dropped(delivery, record, groups, logged)


@dataclass(frozen=True)
class Wanted:
    """A filter of deliveries; None matches all."""

    canonical_id: UUID | None = None
    kind: str | None = None
    system: str | None = None
    changed_since: datetime | None = None
    changed_until: datetime | None = None
    after: DeliveryKey | None = None


@dataclass(frozen=True)
class Resynced:
    """The number of records made due, and the position for the next call."""

    due: int
    next: str | None


async def resync(session: AsyncSession, wanted: Wanted, author: Author) -> Resynced:
    """Make records due with all their groups; groups that a system has are answered with `already`."""
    rows = (await session.execute(_chosen(wanted))).all()
    page: Sequence[tuple[Delivery, Record]] = [(row.Delivery, row.Record) for row in rows[:MOST]]
    for delivery, record in page:
        delivery.begin_anew(author.now)
        write(session, record, delivery.system, "resync", author, {"revisions": len(record.registers)})
    await session.flush()
    last = page[-1][0] if len(rows) > MOST else None
    return Resynced(len(page), f"{last.canonical_id}.{last.system}" if last else None)


def _chosen(wanted: Wanted) -> Select[*tuple[Any, ...]]:
    equal = {
        Delivery.system: wanted.system,
        Delivery.kind: wanted.kind,
        Delivery.canonical_id: wanted.canonical_id,
    }
    conditions: list[ColumnElement[bool]] = [column == value for column, value in equal.items() if value is not None]
    if wanted.changed_since is not None:
        conditions.append(Record.changed_at >= wanted.changed_since)
    if wanted.changed_until is not None:
        conditions.append(Record.changed_at < wanted.changed_until)
    if wanted.after is not None:
        conditions.append(tuple_(Delivery.canonical_id, Delivery.system) > tuple_(*wanted.after))
    return (
        select(Delivery, Record)
        .join(Record, Record.canonical_id == Delivery.canonical_id)
        .where(*conditions)
        .order_by(Delivery.canonical_id, Delivery.system)
        .limit(MOST + 1)
        .with_for_update(of=Delivery)
    )
