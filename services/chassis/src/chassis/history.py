"""The history of records: one entry for each change or action, in the transaction of the change.

Entries are never removed; events are (`chassis.retention`).
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import saving
from sqlalchemy import Index, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from chassis import clock
from chassis.db import Base, uuid7

MOST_CHANGES = 200
UNNAMED = "system"


class Action(StrEnum):
    CREATED = "created"
    CHANGED = "changed"
    ARCHIVED = "archived"
    RESTORED = "restored"
    NOTE_ADDED = "note_added"
    NOTE_CHANGED = "note_changed"
    NOTE_ARCHIVED = "note_archived"
    TAGGED = "tagged"
    FILE_ADDED = "file_added"
    FILE_REMOVED = "file_removed"


class HistoryEntry(Base):
    """One action on a record. `about` is the note or the file of the action.

    `changes` are objects `{group, old, new}`; at most `MOST_CHANGES` are stored, `left_out` counts the others.
    """

    __tablename__ = "record_history"
    __table_args__ = (Index("ix_record_history_record", "tenant_id", "record_kind", "record_id", "at", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    record_kind: Mapped[str] = mapped_column(Text)
    record_id: Mapped[UUID]
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(Text)
    action: Mapped[str] = mapped_column(Text)
    about: Mapped[UUID | None]
    changes: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    left_out: Mapped[int]


def note(
    session: AsyncSession,
    kind: str,
    record_id: UUID,
    action: Action,
    actor: str,
    changes: Iterable[Mapping[str, Any]] = (),
    about: UUID | None = None,
    tenant: str | None = None,
) -> None:
    """Note what this transaction does to a record, of its tenant unless another is given. What stays is no change."""
    moved = [
        {"group": each["group"], "old": each["old"], "new": each["new"]}
        for each in changes
        if each["old"] != each["new"]
    ]
    if action is Action.CHANGED and not moved:
        return
    owner = tenant or session.info.get("tenant")
    saving.append(
        session,
        HistoryEntry,
        id=uuid7(),
        tenant_id=None if owner is None else UUID(str(owner)),
        record_kind=kind,
        record_id=record_id,
        at=clock.now(),
        actor=actor,
        action=action,
        about=about,
        changes=moved[:MOST_CHANGES],
        left_out=max(0, len(moved) - MOST_CHANGES),
    )


def note_difference(
    session: AsyncSession,
    kind: str,
    record_id: UUID,
    actor: str,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
) -> None:
    """Record a change by the values before and after it."""
    keys = {**before, **after}
    changes = [{"group": key, "old": before.get(key), "new": after.get(key)} for key in keys]
    note(session, kind, record_id, Action.CHANGED, actor, changes)


def actor_of(session: AsyncSession) -> str:
    """The actor of the session, for code that does not get the actor as an argument."""
    return str(session.info.get("actor", UNNAMED))
