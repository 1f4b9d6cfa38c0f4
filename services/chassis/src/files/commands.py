"""Commands on the files of records."""

from typing import Any
from uuid import UUID

from chassis import history
from chassis.errors import Conflict, NotFound
from chassis.history import Action
from localisation import Counted
from records import Record, reads
from sqlalchemy import Select, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from files import objects
from files.models import RecordFile, StoredBytes
from files.objects import Stored
from files.settings import FileSettings

AnyRecord = Record[Any, Any, Any]


class TooManyFiles(Conflict):
    code = "too-many-files"
    title = "The record has as many files as it may have"
    detail = "The limit is {most}."
    hint = "Remove a file of the record first; the operator sets the limit."


class SpaceUsedUp(Conflict):
    code = "space-used-up"
    title = "The files of the tenant would need more space than it has"
    detail = Counted("The limit is {most_bytes} byte.", "The limit is {most_bytes} bytes.", by="most_bytes")
    hint = "Remove files: their space is free a day later. The operator sets the limit."


async def check_room(
    session: AsyncSession, record: AnyRecord, row_id: UUID, settings: FileSettings, *, lock: bool = False
) -> None:
    """Raises `NotFound`, or `TooManyFiles` when the record may have no further one.

    With `lock` it stays so until the transaction ends.
    """
    await reads.by_id(session, record, row_id, lock=lock)
    count = await session.scalar(select(func.count()).select_from(_of(record, row_id).subquery()))
    if count is not None and count >= settings.files_per_record:
        raise TooManyFiles(most=settings.files_per_record)


async def attach(
    session: AsyncSession,
    record: AnyRecord,
    row_id: UUID,
    name: str,
    media_type: str,
    stored: Stored,
    settings: FileSettings,
    actor: str,
) -> RecordFile:
    """Attach a stored file to a record, archived or not. Raises `NotFound`, `TooManyFiles`, `SpaceUsedUp`,
    `UploadExpired`."""
    await check_room(session, record, row_id, settings, lock=True)
    await objects.use(session, stored.key)
    await _take_space(session, stored.size_bytes, settings.files_tenant_bytes)
    file = RecordFile(
        record_kind=record.name,
        record_id=row_id,
        name=name,
        media_type=media_type,
        size_bytes=stored.size_bytes,
        sha256=stored.sha256,
        object_key=stored.key,
        created_by=actor,
    )
    session.add(file)
    await session.flush()
    await session.refresh(file)
    _note(session, file, Action.FILE_ADDED, actor, None, name)
    return file


async def remove(session: AsyncSession, file: RecordFile, actor: str) -> None:
    """Remove a file; its object is removed a day later. Removing it twice changes nothing."""
    gone = delete(RecordFile).where(RecordFile.id == file.id).returning(RecordFile.id)
    if await session.scalar(gone) is not None:
        await objects.disuse(session, file.object_key, file.size_bytes)
        _note(session, file, Action.FILE_REMOVED, actor, file.name, None)


async def files_of(session: AsyncSession, record: AnyRecord, row_id: UUID) -> Select[RecordFile]:
    """The files of a record. Raises `NotFound`."""
    await reads.by_id(session, record, row_id)
    return _of(record, row_id)


async def by_id(session: AsyncSession, file_id: UUID) -> RecordFile:
    """One file. Raises `NotFound`."""
    found = await session.scalar(select(RecordFile).where(RecordFile.id == file_id))
    if found is None:
        raise NotFound(id=file_id)
    return found


def _of(record: AnyRecord, row_id: UUID) -> Select[RecordFile]:
    return select(RecordFile).where(RecordFile.record_kind == record.name, RecordFile.record_id == row_id)


async def _take_space(session: AsyncSession, size_bytes: int, most_bytes: int) -> None:
    added = insert(StoredBytes).values(size_bytes=size_bytes)
    whole = {"size_bytes": StoredBytes.size_bytes + added.excluded.size_bytes}
    taken = added.on_conflict_do_update(index_elements=["tenant_id"], set_=whole).returning(StoredBytes.size_bytes)
    if (await session.execute(taken)).scalar_one() > most_bytes:
        raise SpaceUsedUp(most_bytes=most_bytes)


def _note(
    session: AsyncSession, file: RecordFile, action: Action, actor: str, old: str | None, new: str | None
) -> None:
    changes = [{"group": "file", "old": old, "new": new}]
    history.note(session, file.record_kind, file.record_id, action, actor, changes, about=file.id)
