"""A timeline as one statement: the same columns of every source, united."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from annotations import timeline
from chassis.history import Action, HistoryEntry
from chassis.pages import Sorting
from records import Record
from sqlalchemy import (
    ColumnElement,
    DateTime,
    Integer,
    Numeric,
    Select,
    Text,
    Uuid,
    cast,
    exists,
    func,
    literal,
    null,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import JSONB

from crm.insight.timeline.schemas import EntryType, HistoryEntryOut, HistoryFilters

AnyRecord = Record[Any, Any, Any]
NOTHING = null()
Nullable = ColumnElement[Any] | Any


@dataclass(frozen=True, eq=False)
class Source:
    """The entries of one type: a row of `record` for each, at the time `at`, with what is shown of it."""

    type: EntryType
    record: AnyRecord
    at: ColumnElement[Any] | Any
    title: Nullable
    state: Nullable = field(default=NOTHING)
    amount: Nullable = field(default=NOTHING)
    currency: Nullable = field(default=NOTHING)

    def entries(self, which: ColumnElement[bool]) -> Select[Any]:
        """The entries of these rows, archived ones left out."""
        row = self.record.row
        shown = _columns(
            id=row.id,
            at=self.at,
            actor=NOTHING,
            action=literal(Action.CREATED.value),
            about=NOTHING,
            type=literal(self.type.value),
            record_id=row.id,
            title=self.title,
            state=self.state,
            amount=self.amount,
            currency=self.currency,
            changes=NOTHING,
            left_out=NOTHING,
        )
        found = select(*shown).where(which)
        return found.where(row.archived_at.is_(None)) if hasattr(row, "archived_at") else found


def on_day(day: Any, entered: Any) -> ColumnElement[Any]:
    """The instant of entry, moved to the begin or the end of the day of a document when it is outside of that day."""
    begin = func.timezone("UTC", cast(day, DateTime(timezone=False)))
    return func.least(func.greatest(entered, begin), begin + timedelta(days=1, microseconds=-1))


def changes(record: AnyRecord, row_id: UUID) -> Sequence[Select[Any]]:
    """The history of the record, and its creation by its row where the history does not contain it."""
    row = record.row
    same = (HistoryEntry.record_kind == record.name, HistoryEntry.record_id == row_id)
    plain: dict[str, Any] = {
        "type": literal(EntryType.CHANGE.value),
        **dict.fromkeys(("title", "state", "amount", "currency"), NOTHING),
    }
    noted = select(
        *_columns(
            **plain,
            id=HistoryEntry.id,
            at=HistoryEntry.at,
            actor=HistoryEntry.actor,
            action=HistoryEntry.action,
            about=HistoryEntry.about,
            record_id=HistoryEntry.record_id,
            changes=HistoryEntry.changes,
            left_out=HistoryEntry.left_out,
        )
    ).where(*same)
    created = select(
        *_columns(
            **plain,
            id=row.id,
            at=row.created_at,
            action=literal(Action.CREATED.value),
            record_id=row.id,
            **dict.fromkeys(("actor", "about", "changes", "left_out"), NOTHING),
        )
    ).where(row.id == row_id, ~exists().where(*same, HistoryEntry.action == Action.CREATED))
    return noted, created


def united(parts: Collection[Select[Any]], filters: HistoryFilters) -> tuple[Select[Any], Sorting]:
    """All entries of these parts, and their order: the newest first."""
    entries = union_all(*parts).subquery("entries")
    wanted = select(entries)
    if filters.type:
        wanted = wanted.where(entries.c.type.in_([each.value for each in filters.type]))
    if filters.action is not None:
        wanted = wanted.where(entries.c.action == filters.action.value)
    return wanted, Sorting({"at": entries.c.at}, entries.c.id, "-at")


def shown(record: AnyRecord, row: Any) -> HistoryEntryOut:
    """The entry of a row; changes have the field names of the record's answers."""
    plain = {name: getattr(row, name) for name in HistoryEntryOut.model_fields if hasattr(row, name)}
    changed = timeline.changes_of(record, row.changes or ())
    return HistoryEntryOut(**{**plain, "changes": changed, "changes_left_out": row.left_out or 0})


_TYPES: dict[str, Any] = {
    "id": Uuid(),
    "at": DateTime(timezone=True),
    "actor": Text(),
    "action": Text(),
    "about": Uuid(),
    "type": Text(),
    "record_id": Uuid(),
    "title": Text(),
    "state": Text(),
    "amount": Numeric(28, 4),
    "currency": Text(),
    "changes": JSONB(none_as_null=True),
    "left_out": Integer(),
}


def _columns(**values: Any) -> list[ColumnElement[Any]]:
    return [cast(values[name], kind).label(name) for name, kind in _TYPES.items()]
