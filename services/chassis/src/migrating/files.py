"""Files of records: the rows of files, of objects that no row uses, and the space that a tenant takes."""

import sqlalchemy as sa
from alembic import op

from migrating.columns import tenant_id, time


def upgrade() -> None:
    op.create_table(
        "record_files",
        tenant_id(),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("record_kind", sa.Text(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("object_key", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        time("created_at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_record_files")),
    )
    place = ["tenant_id", "record_kind", "record_id", "created_at", "id"]
    op.create_index("ix_record_files_record", "record_files", place)
    op.create_table(
        "unused_objects",
        tenant_id(),
        sa.Column("object_key", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("object_key", name=op.f("pk_unused_objects")),
    )
    op.create_index("ix_unused_objects_due_at", "unused_objects", ["due_at"])
    op.create_table(
        "stored_bytes",
        tenant_id(),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", name=op.f("pk_stored_bytes")),
    )


def downgrade() -> None:
    op.drop_table("stored_bytes")
    op.drop_table("unused_objects")
    op.drop_table("record_files")
