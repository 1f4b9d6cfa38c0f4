"""Sending events again: what was asked for and how far it is, and which log each topic has."""

import sqlalchemy as sa
from alembic import op

from migrating.columns import time


def upgrade() -> None:
    op.create_table(
        "topic_logs",
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("log_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("topic", name=op.f("pk_topic_logs")),
    )
    op.create_table(
        "outbox_resends",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=True),
        sa.Column("topics", sa.ARRAY(sa.Text()), nullable=True),
        sa.Column("since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("sent", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        time("requested_at"),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox_resends")),
    )
    op.create_index(
        "ix_outbox_resends_open",
        "outbox_resends",
        ["id"],
        unique=False,
        postgresql_where=sa.text("finished_at is null"),
    )


def downgrade() -> None:
    op.drop_table("outbox_resends")
    op.drop_table("topic_logs")
