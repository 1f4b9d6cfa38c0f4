"""The history of records."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrating.columns import tenant_id


def upgrade() -> None:
    op.create_table(
        "record_history",
        tenant_id(),
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


def downgrade() -> None:
    op.drop_table("record_history")
