"""Commands on notes and tags."""

from collections.abc import Callable, Collection
from hashlib import sha256
from typing import Any
from uuid import UUID

import orjson
from chassis import clock, history
from chassis.errors import Conflict, NotFound
from chassis.history import Action
from chassis.replication import Archived
from localisation import Counted
from records import Record, reads, writes
from records.filters import Archived as Archive
from records.tags import FIELD, RecordTag, has_own
from sqlalchemy import Select, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from annotations.models import Note
from annotations.schemas import MOST_TAGS

AnyRecord = Record[Any, Any, Any]
Seen = Callable[[Any], None]


class TooManyTags(Conflict):
    code = "too-many-tags"
    title = "The record would have too many tags"
    detail = Counted(
        "It would have {count} tag; the limit is {most}.",
        "It would have {count} tags; the limit is {most}.",
        by="count",
    )
    hint = "Replace its tags with fewer: PUT to the same address."


async def add_note(session: AsyncSession, record: AnyRecord, row_id: UUID, text: str, actor: str) -> Note:
    """Write a note on a record, archived or not. Raises `NotFound`."""
    await reads.by_id(session, record, row_id)
    note = Note(record_kind=record.name, record_id=row_id, author=actor, text=text)
    session.add(note)
    await session.flush()
    await session.refresh(note)
    _keep(session, note, Action.NOTE_ADDED, actor, None, text)
    return note


async def change_note(
    session: AsyncSession, record: AnyRecord, row_id: UUID, note_id: UUID, text: str, actor: str, seen: Seen
) -> Note:
    """Change the text of the note that the caller has `seen`. Raises `NotFound`, `Archived`."""
    note = await note_by_id(session, record, row_id, note_id, lock=True)
    seen(note)
    if note.archived_at is not None:
        raise Archived(id=str(note.id), archived_at=note.archived_at.isoformat())
    if note.text != text:
        _keep(session, note, Action.NOTE_CHANGED, actor, note.text, text)
        note.text = text
        note.count_on()
    return note


async def archive_note(
    session: AsyncSession, record: AnyRecord, row_id: UUID, note_id: UUID, actor: str, seen: Seen
) -> Note:
    """Archive a note; archiving twice changes nothing. Raises `NotFound`."""
    note = await note_by_id(session, record, row_id, note_id, lock=True)
    seen(note)
    if note.archived_at is None:
        note.archived_at = clock.now()
        note.count_on()
        _keep(session, note, Action.NOTE_ARCHIVED, actor, note.text, None)
    return note


async def notes_of(session: AsyncSession, record: AnyRecord, row_id: UUID, archived: Archive) -> Select[Note]:
    """The notes of a record. Raises `NotFound`."""
    await reads.by_id(session, record, row_id)
    notes = select(Note).where(Note.record_kind == record.name, Note.record_id == row_id)
    if archived == "any":
        return notes
    return notes.where(Note.archived_at.is_not(None) if archived == "true" else Note.archived_at.is_(None))


async def note_by_id(
    session: AsyncSession, record: AnyRecord, row_id: UUID, note_id: UUID, *, lock: bool = False
) -> Note:
    """One note of a record, archived or not. Raises `NotFound`."""
    wanted = select(Note).where(Note.id == note_id, Note.record_kind == record.name, Note.record_id == row_id)
    found: Note | None = await session.scalar(wanted.with_for_update() if lock else wanted)
    if found is None:
        raise NotFound(id=note_id)
    return found


async def tags_of(session: AsyncSession, record: AnyRecord, row_id: UUID) -> list[str]:
    """The tags of a record, in order. Raises `NotFound`."""
    return await _present(session, record, await reads.by_id(session, record, row_id))


async def set_tags(
    session: AsyncSession,
    record: AnyRecord,
    row_id: UUID,
    wanted: Callable[[list[str]], Collection[str]],
    actor: str,
) -> list[str]:
    """Replace the tags of a record by those of `wanted`, which raises to leave them unchanged.

    If tags are a field of the record, the field is changed. Raises `NotFound`, `TooManyTags`.
    """
    row = await reads.by_id(session, record, row_id, lock=True)
    present = await _present(session, record, row)
    tags = sorted(set(wanted(present)))
    if len(tags) > MOST_TAGS:
        raise TooManyTags(count=len(tags), most=MOST_TAGS)
    if tags == present:
        return tags
    if has_own(record):
        await writes.change(session, record, row_id, {FIELD: tags}, actor, lambda _row: None)
        return tags
    these = (RecordTag.record_kind == record.name, RecordTag.record_id == row_id)
    await session.execute(delete(RecordTag).where(*these, RecordTag.tag.not_in(tags)))
    if added := [tag for tag in tags if tag not in present]:
        named = {"record_kind": record.name, "record_id": row_id}
        await session.execute(insert(RecordTag), [{**named, "tag": tag} for tag in added])
    history.note(session, record.name, row_id, Action.TAGGED, actor, [{"group": FIELD, "old": present, "new": tags}])
    return tags


def version_of(tags: Collection[str]) -> int:
    """A number derived from these tags, as their version."""
    return int.from_bytes(sha256(orjson.dumps(sorted(tags))).digest()[:6])


async def _present(session: AsyncSession, record: AnyRecord, row: Any) -> list[str]:
    if has_own(record):
        return list(row.tags)
    these = select(RecordTag.tag).where(RecordTag.record_kind == record.name, RecordTag.record_id == row.id)
    return sorted(await session.scalars(these))


def _keep(session: AsyncSession, note: Note, action: Action, actor: str, old: str | None, new: str | None) -> None:
    changes = [{"group": "text", "old": old, "new": new}]
    history.note(session, note.record_kind, note.record_id, action, actor, changes, about=note.id)
