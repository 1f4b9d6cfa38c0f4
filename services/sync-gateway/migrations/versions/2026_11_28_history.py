"""The history of records: a table of the chassis."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "history"
down_revision = "told_of_decisions"
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


def downgrade() -> None:
    op.drop_table("record_history")
