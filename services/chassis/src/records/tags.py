"""Tags of records that have no field `tags` of their own, and the filter `tag` of every list of annotated records."""

from typing import Any
from uuid import UUID

from chassis.db import Base
from sqlalchemy import ColumnElement, Index, Text, select
from sqlalchemy.orm import Mapped, mapped_column

from records.record import Record

FIELD = "tags"


class RecordTag(Base):
    """One tag of one record."""

    __tablename__ = "record_tags"
    __table_args__ = (Index("ix_record_tags_tag", "tenant_id", "record_kind", "tag", "record_id"),)

    record_kind: Mapped[str] = mapped_column(Text, primary_key=True)
    record_id: Mapped[UUID] = mapped_column(primary_key=True)
    tag: Mapped[str] = mapped_column(Text, primary_key=True)


def has_own(record: Record[Any, Any, Any]) -> bool:
    """Whether tags are a field of the record."""
    return FIELD in record.body.model_fields


def tagged(record: Record[Any, Any, Any], tag: str) -> ColumnElement[bool]:
    """Records that have the tag."""
    row: Any = record.row
    ids = select(RecordTag.record_id).where(RecordTag.record_kind == record.name, RecordTag.tag == tag)
    found: ColumnElement[bool] = row.id.in_(ids)
    return found
