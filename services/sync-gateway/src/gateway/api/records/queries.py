"""Reads of golden records, their links, and their state in each system."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from uuid import UUID

from chassis.errors import NotFound
from chassis.pages import Sorting
from sqlalchemy import Boolean, ColumnElement, Select, and_, exists, func, literal_column, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.api.records.schemas import LinkFilters, RecordFilters
from gateway.store.deliveries import Delivery, Stage
from gateway.store.due import REFUSED
from gateway.store.links import Link
from gateway.store.records import Record

RECORD_ORDERS = Sorting(
    {"updated_at": Record.changed_at, "canonical_id": Record.canonical_id}, Record.canonical_id, "-canonical_id"
)
LINK_ORDERS = Sorting(
    {"canonical_id": Link.canonical_id, "linked_at": Link.linked_at},
    Link.kind + " " + Link.system + " " + Link.local_id,
    "canonical_id",
)

# The same rule as `Delivery.dirty`, in SQL.
LAGGING = text(
    """
    exists (select from jsonb_each(records.registers) as known(name, register)
            where not coalesce((register->>'parked')::boolean, false)
              and (register->>'rev')::bigint > greatest(
                  coalesce((deliveries.acked->>name)::bigint, 0),
                  coalesce((deliveries.refused#>>array[name, 'rev'])::bigint, 0)))
    """
)

# The same rule as `Delivery.standing`, in SQL.
STANDING: ColumnElement[bool] = literal_column(
    """
    exists (select from jsonb_each(deliveries.refused) as known(name, refusal)
            where (refusal->>'rev')::bigint >= coalesce((records.registers#>>array[name, 'rev'])::bigint, 0))
    """,
    Boolean,
)
PARKED = func.jsonb_path_exists(Record.registers, text("'$.* ? (@.parked == true)'"))


class NoSuchRecord(NotFound):
    code = "no-such-record"
    title = "The hub has no such record"
    hint = "Take the canonical id from GET /v1/links or from the record in its system."


def search(kind: str, filters: RecordFilters) -> Select[Record]:
    """The records of a kind that match every filter."""
    statement = select(Record).where(Record.kind == kind)
    for word in (filters.q or "").split():
        statement = statement.where(_SEARCHED.icontains(word, autoescape=True))
    if filters.updated_since is not None:
        statement = statement.where(Record.changed_at >= filters.updated_since)
    if filters.parked is not None:
        statement = statement.where(PARKED if filters.parked == "true" else ~PARKED)
    if filters.state is not None:
        statement = statement.where(_stands(filters.state))
    return statement


_NAME = func.coalesce(
    Record.registers[("name", "value", "name")].as_string(), Record.registers[("name", "value")].as_string()
)
_SEARCHED = func.concat_ws(
    " ",
    _NAME,
    Record.registers[("document", "value", "number")].as_string(),
    *(
        Record.registers[(group, "value")].as_string()
        for group in ("email", "phone", "sku", "gtin", "number", "sales_number", "reference")
    ),
)


def _stands(stage: Stage) -> ColumnElement[bool]:
    """In step with every system; or in this state in at least one."""
    if stage == "in_step":
        return ~or_(*(_somewhere(other) for other in _STAGES))
    return _somewhere(stage)


def _somewhere(stage: Stage) -> ColumnElement[bool]:
    return exists().where(Delivery.canonical_id == Record.canonical_id, _STAGES[stage])


# The same rule as `Delivery.stage`; only a pending delivery can be behind without waiting or being refused.
_FREE = and_(or_(Delivery.refused == {}, ~STANDING), ~PARKED)
_STAGES: Mapping[Stage, ColumnElement[bool]] = {
    "rejected": and_(REFUSED, STANDING),
    "conflict": and_(or_(Delivery.refused == {}, ~STANDING), PARKED),
    "waiting": and_(_FREE, Delivery.state == "waiting"),
    "on_its_way": and_(_FREE, Delivery.state == "pending", LAGGING),
}


async def by_id(session: AsyncSession, kind: str, canonical_id: UUID) -> Record:
    """One record. Raises `NoSuchRecord`."""
    record = await session.get(Record, canonical_id)
    if record is None or record.kind != kind:
        raise NoSuchRecord(kind=kind, canonical_id=canonical_id)
    return record


async def links_of(session: AsyncSession, records: Sequence[UUID]) -> Mapping[UUID, list[Link]]:
    """The links of these records, by canonical id, ordered by system."""
    found: dict[UUID, list[Link]] = defaultdict(list)
    present = select(Link).where(Link.canonical_id.in_(records), Link.retired_at.is_(None))
    for link in await session.scalars(present.order_by(Link.system)):
        found[link.canonical_id].append(link)
    return found


async def deliveries_of(session: AsyncSession, records: Sequence[UUID]) -> Mapping[UUID, list[Delivery]]:
    """The deliveries of these records, by canonical id, ordered by system."""
    found: dict[UUID, list[Delivery]] = defaultdict(list)
    statement = select(Delivery).where(Delivery.canonical_id.in_(records)).order_by(Delivery.system)
    for delivery in await session.scalars(statement):
        found[delivery.canonical_id].append(delivery)
    return found


def links(filters: LinkFilters) -> Select[Link]:
    """The links that match every filter."""
    wanted = filters.model_dump(exclude_none=True)
    return select(Link).where(
        Link.retired_at.is_(None), *(getattr(Link, name) == value for name, value in wanted.items())
    )
