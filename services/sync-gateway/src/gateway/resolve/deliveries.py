"""Dropping deliveries, and delivering records again."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from chassis.db import JsonObject
from chassis.errors import NotFound
from sqlalchemy import ColumnElement, Select, func, select, tuple_
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

    def beginning_at(self, after: DeliveryKey | None) -> Self:
        """The same, from behind this position on."""
        return replace(self, after=after)

    def document(self) -> JsonObject:
        """As it is stored, without its position."""
        found = asdict(replace(self, after=None))
        return {name: _shown(value) for name, value in found.items() if value is not None}

    @classmethod
    def of(cls, document: JsonObject) -> Self:
        """From what `document` returned."""
        read: dict[str, Callable[[str], Any]] = {
            "canonical_id": UUID,
            "changed_since": datetime.fromisoformat,
            "changed_until": datetime.fromisoformat,
        }
        return cls(**{name: read.get(name, str)(value) for name, value in document.items()})


def _shown(value: UUID | datetime | str) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


@dataclass(frozen=True)
class Resynced:
    """The number of records made due, and the position for the next call."""

    due: int
    next: str | None


async def resync(session: AsyncSession, wanted: Wanted, author: Author, most: int | None = None) -> Resynced:
    """Make records due with all their groups; groups that a system has are answered with `already`."""
    most = most or MOST
    rows = (await session.execute(_chosen(wanted, most))).all()
    page: Sequence[tuple[Delivery, Record]] = [(row.Delivery, row.Record) for row in rows[:most]]
    for delivery, record in page:
        delivery.begin_anew(author.now)
        write(session, record, delivery.system, "resync", author, {"revisions": len(record.registers)})
    await session.flush()
    last = page[-1][0] if len(rows) > most else None
    return Resynced(len(page), f"{last.canonical_id}.{last.system}" if last else None)


async def count(session: AsyncSession, wanted: Wanted) -> int:
    """The number of records in systems that are chosen."""
    chosen = select(Delivery.canonical_id).join(Record, Record.canonical_id == Delivery.canonical_id)
    return await session.scalar(select(func.count()).select_from(chosen.where(*_conditions(wanted)).subquery())) or 0


def _chosen(wanted: Wanted, most: int) -> Select[*tuple[Any, ...]]:
    return (
        select(Delivery, Record)
        .join(Record, Record.canonical_id == Delivery.canonical_id)
        .where(*_conditions(wanted))
        .order_by(Delivery.canonical_id, Delivery.system)
        .limit(most + 1)
        .with_for_update(of=Delivery)
    )


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
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
    return conditions
