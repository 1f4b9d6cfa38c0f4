"""Reads that every record has."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from functools import cache
from typing import Any, TypeVar
from uuid import UUID

from chassis import gather
from chassis.errors import NotFound
from chassis.replication import Replicated
from pydantic import BaseModel
from sqlalchemy import Select, bindparam, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm.interfaces import ORMOption

from records import listing, untracked
from records.filters import ME, AnyOf, conditions
from records.locking import locked
from records.own_filters import NOTHING, Wanted, own_conditions
from records.record import Caller, Record, ReferenceUnknown, Row
from records.words import by_words

Filters = TypeVar("Filters", bound=BaseModel)
Shared = TypeVar("Shared", bound=Replicated)
NOBODY = UUID(int=0)


async def by_id(session: AsyncSession, record: Record[Row, Any, Any], row_id: UUID, *, lock: bool = False) -> Row:
    """One row, archived or not; with `lock`, locked until the transaction ends. Raises `NotFound`."""
    if not lock:
        found = (await by_ids(session, record, [row_id])).get(row_id)
    elif kept := gather.kept(session, _lock_of(record), [row_id]):
        found = kept[row_id]
    elif (rows := locked(record)).plain and not rows.holds(session, row_id):
        found = await rows.by_id(session, row_id)
    else:
        found = await session.scalar(_one_locked(record), {"row_id": row_id})
    if found is None:
        raise NotFound(id=row_id)
    return found


async def by_ids(session: AsyncSession, record: Record[Row, Any, Any], ids: Collection[UUID]) -> dict[UUID, Row]:
    """Rows by id, archived or not; unknown ids are omitted. A batch reads each row once (`chassis.gather`)."""
    row: Any = record.row

    async def read(missing: Collection[UUID]) -> list[tuple[UUID, Row]]:
        found: Iterable[Any] = await session.scalars(complete(record).where(row.id.in_(missing)))
        return [(each.id, each) for each in found]

    return await gather.each_once(session, record.name, ids, read)


async def shown_by_id(session: AsyncSession, record: Record[Row, Any, Any], row_id: UUID) -> Row:
    """One row for an answer (`records.untracked`), archived or not. Raises `NotFound`."""
    found: Row | None = await untracked.whole(record).by_id(session, row_id)
    if found is None:
        raise NotFound(id=row_id)
    return found


async def listed_by_ids(session: AsyncSession, record: Record[Row, Any, Any], ids: Collection[UUID]) -> Sequence[Row]:
    """Rows with what a list shows of them (`records.untracked`), archived or not; ids of nothing are left out."""
    row: Any = record.row
    rows = untracked.of_list(record)
    found = await session.execute(rows.among(select(row).where(row.id.in_(ids))))
    return [rows.made(each) for each in found]


async def lock_all(
    session: AsyncSession, record: Record[Row, Any, Any], ids: Collection[UUID], *, skip_locked: bool = False
) -> list[Row]:
    """Lock and load rows in the order of their ids, so that two transactions cannot deadlock; unknown ids are omitted,
    and with `skip_locked` those that another transaction has locked. The items of a batch share them.
    """
    row: Any = record.row

    async def read(missing: Collection[UUID]) -> list[tuple[UUID, Row]]:
        statement = _locked(complete(record), skip_locked=skip_locked).where(row.id.in_(missing)).order_by(row.id)
        found: Iterable[Any] = await session.scalars(statement)
        return [(each.id, each) for each in found]

    found = await gather.each_once(session, _lock_of(record), ids, read)
    return [found[each] for each in sorted(found)]


async def referred(session: AsyncSession, record: Record[Row, Any, Any], row_id: UUID, field: str) -> Row:
    """The row to which `field` of another record refers. Raises `ReferenceUnknown`."""
    found = (await by_ids(session, record, [row_id])).get(row_id)
    if found is None:
        raise ReferenceUnknown(kind=record.name.replace("_", " "), id=row_id, field=field)
    return found


async def search(
    session: AsyncSession,
    record: Record[Row, Any, Any],
    filters: BaseModel,
    own: Wanted = NOTHING,
) -> Select[Row]:
    """The rows that match every filter, without the relations that the record loads.

    Words (`q`) are searched at once (`records.words`), unless the record has its own condition for them.
    """
    filters = await with_caller(session, record.callers, filters)
    rows: Select[Any] = select(record.row) if record.among is None else record.among
    rows = rows.where(*conditions(record.row, filters, {**listing.meanings(record), **record.where}))
    rows = rows.where(*await own_conditions(session, record, own))
    typed: str | None = getattr(filters, "q", None)
    if not typed or "q" in record.where:
        return rows
    found = await by_words(session, record.row, typed)
    return rows.where(or_(found, record.codes(typed)) if record.codes else found)


async def with_caller(session: AsyncSession, callers: Mapping[str, Caller], filters: Filters) -> Filters:
    """The filters with the caller's own id in place of `me`; a caller without such a record finds nothing."""
    found: dict[str, Any] = {}
    for name, find in callers.items():
        given = getattr(filters, name, None)
        values = given if isinstance(given, list) else [given]
        if ME in values:
            mine = str(await find(session, session.info.get("actor", "")) or NOBODY)
            told = AnyOf(mine if each == ME else each for each in values)
            found[name] = told if isinstance(given, list) else mine
    return filters.model_copy(update=found) if found else filters


def complete(record: Record[Row, Any, Any]) -> Select[Row]:
    """All rows, each with what the record `loads`."""
    statement: Select[Any] = select(record.row)
    return statement.options(*record.loads)


def rows_of(
    row: type[Shared], *loads: ORMOption
) -> Callable[[AsyncSession, Sequence[UUID], Sequence[UUID]], Awaitable[Sequence[Shared]]]:
    """The `rows` of a kind: by local or shared id, locked in id order, so that two deliveries cannot deadlock."""

    async def rows(session: AsyncSession, ids: Sequence[UUID], canonical_ids: Sequence[UUID]) -> Sequence[Shared]:
        either = or_(row.id.in_(ids), row.canonical_id.in_(canonical_ids))
        return (await session.scalars(_locked(select(row)).options(*loads).where(either).order_by(row.id))).all()

    return rows


@cache
def _one_locked(record: Record[Row, Any, Any]) -> Select[Row]:
    """Built once: building a statement costs as much as sending it."""
    row: Any = record.row
    return _locked(complete(record)).where(row.id == bindparam("row_id"))


def _lock_of(record: Record[Any, Any, Any]) -> str:
    return f"{record.name}, locked"


def _locked(statement: Select[Any], *, skip_locked: bool = False) -> Select[Any]:
    return statement.with_for_update(skip_locked=skip_locked).execution_options(populate_existing=True)
