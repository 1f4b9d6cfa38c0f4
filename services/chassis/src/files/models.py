"""The tables of files."""

from datetime import datetime
from uuid import UUID

from chassis.db import TENANT, Base, uuid7
from sqlalchemy import BigInteger, Index, Text, func, text
from sqlalchemy.orm import Mapped, mapped_column


class RecordFile(Base):
    """A file of a record of any kind. It never changes; its content is the object `object_key` of the storage."""

    __tablename__ = "record_files"
    __table_args__ = (Index("ix_record_files_record", "tenant_id", "record_kind", "record_id", "created_at", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    record_kind: Mapped[str] = mapped_column(Text)
    record_id: Mapped[UUID]
    name: Mapped[str] = mapped_column(Text)
    media_type: Mapped[str] = mapped_column(Text)
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(Text)
    object_key: Mapped[str] = mapped_column(Text)
    created_by: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class UnusedObject(Base):
    """An object that no row uses: one that is being stored, or that of a removed file. The worker removes it from
    `due_at` on.

    `size_bytes` is what its removal frees of the tenant's space.
    """

    __tablename__ = "unused_objects"

    object_key: Mapped[str] = mapped_column(Text, primary_key=True)
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    due_at: Mapped[datetime] = mapped_column(index=True)


class StoredBytes(Base):
    """The bytes of a tenant's files, removed ones included until their objects are removed."""

    __tablename__ = "stored_bytes"

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text(TENANT))
    size_bytes: Mapped[int] = mapped_column(BigInteger)
