"""Webhooks: subscriptions, and the messages that each gets."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrating.columns import tenant_id, time


def upgrade() -> None:
    op.create_table(
        "webhooks",
        tenant_id(),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        time("created_at"),
        time("updated_at"),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("kinds", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("types", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("disabled_reason", sa.Text(), nullable=True),
        sa.Column("topics", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("previous_secret", sa.LargeBinary(), nullable=True),
        sa.Column("previous_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("paused_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhooks")),
        sa.UniqueConstraint("tenant_id", "id", name=op.f("uq_webhooks_tenant_id_id")),
    )
    op.create_index("ix_webhooks_enabled", "webhooks", ["tenant_id"], postgresql_where=sa.text("enabled"))
    op.create_table(
        "webhook_messages",
        tenant_id(),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("webhook_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        time("due_at"),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("attempted_at", sa.DateTime(timezone=True), nullable=True),
        time("created_at"),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state in ('pending', 'delivered', 'failed', 'superseded')", name=op.f("ck_webhook_messages_state")
        ),
        sa.ForeignKeyConstraint(
            ["webhook_id"], ["webhooks.id"], name=op.f("fk_webhook_messages_webhook_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_messages")),
        sa.UniqueConstraint("tenant_id", "id", name=op.f("uq_webhook_messages_tenant_id_id")),
        sa.UniqueConstraint(
            "tenant_id", "webhook_id", "position", name=op.f("uq_webhook_messages_tenant_id_webhook_id_position")
        ),
    )
    op.create_index(
        "ix_webhook_messages_pending",
        "webhook_messages",
        ["webhook_id", "topic", "key", "position"],
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_index("ix_webhook_messages_finished_at", "webhook_messages", ["finished_at"])
    op.create_index(
        op.f("ix_webhook_messages_tenant_id_created_at_id"), "webhook_messages", ["tenant_id", "created_at", "id"]
    )


def downgrade() -> None:
    op.drop_table("webhook_messages")
    op.drop_table("webhooks")
