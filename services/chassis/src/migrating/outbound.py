"""Outbound topics: the kinds that a tenant publishes to topics of its own."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrating.columns import tenant_id, time


def upgrade() -> None:
    op.create_table(
        "outbound_topics",
        tenant_id(),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("without", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        time("changed_at"),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("log_id", sa.Uuid(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        time("due_at"),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "kind", name=op.f("pk_outbound_topics")),
    )


def downgrade() -> None:
    op.drop_table("outbound_topics")
