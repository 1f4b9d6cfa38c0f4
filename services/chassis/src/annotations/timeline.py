"""The timeline of a record: its history with the field names of its answers, the newest entry first."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from chassis.history import Action, HistoryEntry
from chassis.pages import Page, PageRequest, Sorting
from records import Record, reads
from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from annotations.schemas import TimelineChange, TimelineEntry, TimelineFilters

SORTING = Sorting({"at": HistoryEntry.at}, HistoryEntry.id, "-at")


async def page_of(
    session: AsyncSession, record: Record[Any, Any, Any], row_id: UUID, paging: PageRequest, filters: TimelineFilters
) -> Page[TimelineEntry]:
    """One page. Raises `NotFound`.

    A record that is older than its history, or that no command entered, gets an entry of its creation from its row.
    """
    row = await reads.by_id(session, record, row_id)
    wanted = select(HistoryEntry).where(HistoryEntry.record_kind == record.name, HistoryEntry.record_id == row_id)
    if filters.action is not None:
        wanted = wanted.where(HistoryEntry.action == filters.action)
    found: Page[Any] = await paging.page(session, wanted, SORTING, lambda each: each[0])
    items = [_shown(record, each) for each in found.items]
    if found.next is None and filters.action in (None, Action.CREATED):
        items += await _creation(session, record, row)
    return found.model_copy(update={"items": items})


async def _creation(session: AsyncSession, record: Record[Any, Any, Any], row: Any) -> list[TimelineEntry]:
    """The creation by the row, if the history does not contain it."""
    created_at: datetime | None = getattr(row, "created_at", None)
    noted = exists().where(
        HistoryEntry.record_kind == record.name,
        HistoryEntry.record_id == row.id,
        HistoryEntry.action == Action.CREATED,
    )
    if created_at is None or await session.scalar(select(noted)):
        return []
    entry = HistoryEntry(
        id=row.id, at=created_at, actor=getattr(row, "created_by", None), action=Action.CREATED, changes=[], left_out=0
    )
    return [_shown(record, entry)]


def _shown(record: Record[Any, Any, Any], entry: HistoryEntry) -> TimelineEntry:
    return TimelineEntry(
        id=entry.id,
        at=entry.at,
        actor=entry.actor,
        action=Action(entry.action),
        about=entry.about,
        changes=changes_of(record, entry.changes),
        changes_left_out=entry.left_out,
    )


def changes_of(record: Record[Any, Any, Any], groups: Iterable[Mapping[str, Any]]) -> list[TimelineChange]:
    """The changes of an entry, with the field names of the record's answers."""
    return [change for each in groups for change in _fields(record, each)]


def _fields(record: Record[Any, Any, Any], change: Mapping[str, Any]) -> Iterator[TimelineChange]:
    """The names of a group in the record's answers: its name, that of a reference, or its fields one by one."""
    shown, group, old, new = record.out.model_fields, change["group"], change["old"], change["new"]
    inner = {**_parts(old), **_parts(new)}
    if inner and inner.keys() <= shown.keys():
        for name in inner:
            before, after = _parts(old).get(name), _parts(new).get(name)
            if before != after:
                yield TimelineChange(field=name, old=before, new=after)
    else:
        named = f"{group}_id" if group not in shown and f"{group}_id" in shown else group
        yield TimelineChange(field=named, old=old, new=new)


def _parts(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
