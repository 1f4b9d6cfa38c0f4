"""What every record may have beside its own fields: its history, tags and notes."""

import sqlalchemy as sa
from alembic import op

from migrating import history
from migrating.columns import tenant_id, time


def upgrade() -> None:
    history.upgrade()
    place = ["tenant_id", "record_kind", "record_id"]
    op.create_table(
        "record_tags",
        tenant_id(),
        sa.Column("record_kind", sa.Text(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("tag", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("record_kind", "record_id", "tag", name=op.f("pk_record_tags")),
    )
    op.create_index("ix_record_tags_tag", "record_tags", ["tenant_id", "record_kind", "tag", "record_id"])
    op.create_table(
        "record_notes",
        tenant_id(),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        time("created_at"),
        time("updated_at"),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("record_kind", sa.Text(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_record_notes")),
    )
    op.create_index("ix_record_notes_record", "record_notes", [*place, "created_at", "id"])


def downgrade() -> None:
    op.drop_table("record_notes")
    op.drop_table("record_tags")
    history.downgrade()
