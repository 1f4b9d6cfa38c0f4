"""Plain writes of every record. Each holds the row's lock, and announces the changes in its transaction."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

from chassis import clock, gather, history, replication
from chassis.announced import announce_new, announcing
from chassis.db import uuid7
from chassis.history import Action
from chassis.patch import patched
from chassis.replication import Archived, edit, refuse_kept_by
from custom_fields.queries import checked_values
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from records.reads import by_id, referred
from records.record import Record, Row

Seen = Callable[[Any], None]
"""Raises when the caller has not seen the version that the row has."""
Create = Callable[..., Awaitable[Any]]
"""`(session, body, actor)`, and further arguments declared in `routes`."""
Change = Callable[..., Awaitable[Any]]
"""`(session, id, patch, actor, seen)`, and further arguments declared in `routes`."""
LockAll = Callable[[AsyncSession, Sequence[Any], Sequence[UUID]], Awaitable[object]]
"""`(session, bodies to create, ids to change)`: locks and reads the rows that the items of a batch share."""


def plain(record: Record[Any, Any, Any]) -> tuple[Create, Change]:
    """`create` and `change` of one record, in the form of a module's own commands."""

    async def create_one(session: AsyncSession, body: Any, actor: str) -> Any:
        return await create(session, record, body, actor)

    async def change_one(session: AsyncSession, row_id: UUID, patch: Mapping[str, Any], actor: str, seen: Seen) -> Any:
        return await change(session, record, row_id, patch, actor, seen)

    return create_one, change_one


async def create(session: AsyncSession, record: Record[Row, Any, Any], body: BaseModel, actor: str) -> Row:
    """Enter a new record. Raises `ReferenceUnknown`, `OwnedElsewhere`, and the errors of the record's checks."""
    if record.kind is not None:
        await replication.creating(session, record.kind)
    table: Any = record.row
    row: Row = table.blank()
    await _write(session, record, row, body, {})
    if record.kind is not None:
        await record.kind.complete(session, [row])
        replication.created(session, record.kind, row, actor)
    elif record.announced is not None:
        announce_new(session, record.announced, row)
    else:
        added: Any = row
        added.id = added.id or uuid7()
        session.add(row)
        history.note(session, record.name, added.id, Action.CREATED, actor)
    await gather.flush(session)
    return row


async def change(
    session: AsyncSession,
    record: Record[Row, Any, Any],
    row_id: UUID,
    patch: Mapping[str, Any],
    actor: str,
    seen: Seen,
) -> Row:
    """Apply a merge patch to the row that the caller has `seen`. Without a change there is no new version and no event.

    Raises `NotFound`, `Archived`, `Malformed`, the errors of `create`, and those of `seen`.
    """
    row = await by_id(session, record, row_id, lock=True)
    seen(row)
    present = record.written(row)
    with _editing(session, record, row, present, actor):
        await _write(session, record, row, patched(record.body, present, patch), present)
    await gather.flush(session)
    return row


async def archive(session: AsyncSession, record: Record[Row, Any, Any], row_id: UUID, actor: str, seen: Seen) -> Row:
    """Archive a record, in all systems; its history stays. Raises the errors of the record's check."""
    row = await by_id(session, record, row_id, lock=True)
    seen(row)
    await record.before_archive(session, row)
    if record.kind is not None:
        replication.archive(session, record.kind, row, actor)
    else:
        _set_archived(session, record, row, clock.now(), actor)
    await gather.flush(session)
    return row


async def restore(session: AsyncSession, record: Record[Row, Any, Any], row_id: UUID, actor: str) -> Row:
    """Restore an archived record. Raises the errors of the record's checks."""
    row = await by_id(session, record, row_id, lock=True)
    await record.check(session, row)
    if record.kind is not None:
        replication.restore(session, record.kind, row, actor)
    else:
        _set_archived(session, record, row, None, actor)
    await gather.flush(session)
    return row


def _set_archived(
    session: AsyncSession, record: Record[Any, Any, Any], row: Any, archived_at: datetime | None, actor: str
) -> None:
    if (row.archived_at is None) != (archived_at is None):
        row.archived_at = archived_at
        row.count_on()
        action = Action.ARCHIVED if archived_at else Action.RESTORED
        history.note(session, record.name, row.id, action, actor)


async def _write(
    session: AsyncSession, record: Record[Row, Any, Any], row: Row, body: BaseModel, present: Mapping[str, Any]
) -> None:
    values = body.model_dump(mode="json")
    _refuse_kept(record, row, present, values)
    if "custom" in values:
        values["custom"] = await checked_values(session, record.name, values["custom"], own_of(row))
    await record.prepare(session, row, values)
    changed = {name: value for name, value in values.items() if name not in present or present[name] != value}
    await _refuse_unknown(session, record, changed)
    changing: Any = row
    changing.change(changed)
    await record.check(session, row)


def own_of(row: Any) -> Mapping[str, Any]:
    """The values that a row has in fields of a tenant's own."""
    return getattr(row, "custom", None) or {}


def _refuse_kept(
    record: Record[Any, Any, Any], row: Any, present: Mapping[str, Any], values: Mapping[str, Any]
) -> None:
    linked = getattr(row, "canonical_id", None) is not None
    kept = {**record.kept_by, **record.kept_once_linked} if linked else record.kept_by
    owners: dict[str, list[str]] = defaultdict(list)
    for name, owner in kept.items():
        owners[owner].append(name)
    for owner, names in owners.items():
        refuse_kept_by(owner, names, present, values)


async def _refuse_unknown(session: AsyncSession, record: Record[Any, Any, Any], changed: Mapping[str, Any]) -> None:
    for name, other in record.refers.items():
        if changed.get(name):
            await referred(session, other, UUID(changed[name]), name)


@contextmanager
def _editing(
    session: AsyncSession, record: Record[Any, Any, Any], row: Any, before: Mapping[str, Any], actor: str
) -> Iterator[None]:
    """Announce the changes of the block. A change of an unpublished record only increments the version."""
    version = row.version
    if record.kind is not None:
        with edit(session, record.kind, row, actor):
            yield
    elif getattr(row, "archived_at", None) is not None:
        raise Archived(id=str(row.id), archived_at=row.archived_at.isoformat())
    elif record.announced is not None:
        with announcing(session, record.announced, row):
            yield
    else:
        yield
    if row.version == version and (after := record.written(row)) != before:
        row.version, row.updated_at = version + 1, clock.now()
        history.note_difference(session, record.name, row.id, actor, before, after)
