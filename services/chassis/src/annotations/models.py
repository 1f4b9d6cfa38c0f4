"""The table of notes."""

from datetime import datetime
from uuid import UUID

from chassis.db import Base
from chassis.versioned import Versioned
from sqlalchemy import Index, Text
from sqlalchemy.orm import Mapped, mapped_column


class Note(Versioned, Base):
    """A note on a record of any kind."""

    __tablename__ = "record_notes"
    __table_args__ = (Index("ix_record_notes_record", "tenant_id", "record_kind", "record_id", "created_at", "id"),)

    record_kind: Mapped[str] = mapped_column(Text)
    record_id: Mapped[UUID]
    author: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    archived_at: Mapped[datetime | None]
