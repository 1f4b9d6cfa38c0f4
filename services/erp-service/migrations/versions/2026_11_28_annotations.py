"""What every record may have beside its own fields: its history, tags and notes."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "annotations"
down_revision = "people"
branch_labels = None
depends_on = None


def upgrade() -> None:
    tenant = sa.text("nullif(current_setting('app.tenant', true), '')::uuid")
    op.create_table(
        "record_history",
        sa.Column("tenant_id", sa.Uuid(), server_default=tenant, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("record_kind", sa.Text(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("about", sa.Uuid(), nullable=True),
        sa.Column("changes", postgresql.JSONB(), nullable=False),
        sa.Column("left_out", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_record_history")),
    )
    place = ["tenant_id", "record_kind", "record_id"]
    op.create_index("ix_record_history_record", "record_history", [*place, "at", "id"])
    op.create_table(
        "record_tags",
        sa.Column("tenant_id", sa.Uuid(), server_default=tenant, nullable=False),
        sa.Column("record_kind", sa.Text(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("tag", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("record_kind", "record_id", "tag", name=op.f("pk_record_tags")),
    )
    op.create_index("ix_record_tags_tag", "record_tags", ["tenant_id", "record_kind", "tag", "record_id"])
    op.create_table(
        "record_notes",
        sa.Column("tenant_id", sa.Uuid(), server_default=tenant, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
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
    op.drop_table("record_history")
