"""The tables of imports over HTTP: the file in chunks, and the outcome of each row."""

from datetime import datetime
from uuid import UUID

from chassis.db import Base, JsonObject, unique, uuid7
from chassis.retention import Expiry
from sqlalchemy import BigInteger, ForeignKeyConstraint, Identity, Index, LargeBinary, Text, func
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column


class Upload(Base):
    """A file to be imported. `options` are the options of parsing; `fields` are the fields that it fills.

    `preview_id` and `run_id` are the newest jobs of each kind.
    """

    __tablename__ = "imports"
    __table_args__ = (unique("id"), Index("ix_imports_tenant_id_created_at", "tenant_id", "created_at", "id"))

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    target: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)
    options: Mapped[JsonObject]
    fields: Mapped[list[str]] = mapped_column(ARRAY(Text))
    size_bytes: Mapped[int]
    sha256: Mapped[str] = mapped_column(Text)
    created_by: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)
    preview_id: Mapped[UUID | None]
    run_id: Mapped[UUID | None]


class Chunk(Base):
    """A piece of a file; `part` is `file`, or `lines` for the second file."""

    __tablename__ = "import_chunks"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "import_id"], ["imports.tenant_id", "imports.id"], ondelete="CASCADE"),
    )

    import_id: Mapped[UUID] = mapped_column(primary_key=True)
    part: Mapped[str] = mapped_column(Text, primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    data: Mapped[bytes] = mapped_column(LargeBinary)


class RowOutcome(Base):
    """The outcome of one row in a job: a preview, or the run."""

    __tablename__ = "import_outcomes"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "import_id"], ["imports.tenant_id", "imports.id"], ondelete="CASCADE"),
        Index("ix_import_outcomes_import_id", "tenant_id", "import_id", "job_id", "id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    import_id: Mapped[UUID]
    job_id: Mapped[UUID]
    line: Mapped[int]
    key: Mapped[str] = mapped_column(Text)
    outcome: Mapped[str] = mapped_column(Text)
    record_id: Mapped[UUID | None]
    reason: Mapped[str] = mapped_column(Text)


UPLOADS = Expiry(
    "imports",
    """
    with gone as (
        delete from imports where id in (
            select id from imports where created_at < :before order by created_at limit least(:batch, 10)
        ) returning id
    )
    select count(*) as removed, case when count(*) = least(:batch, 10) then 0 end as next from gone
    """,
)
"""Ten at a time, because chunks and outcomes are deleted with each."""
