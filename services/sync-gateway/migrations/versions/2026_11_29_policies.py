"""Policies that tenants choose."""

import sqlalchemy as sa
from alembic import op

revision = "policies"
down_revision = "audit"
TENANT = "nullif(current_setting('app.tenant', true), '')::uuid"


def upgrade() -> None:
    op.add_column("system_changes", sa.Column("policies", sa.BigInteger(), server_default="0", nullable=False))
    op.create_table(
        "policies",
        sa.Column("tenant_id", sa.Uuid(), server_default=sa.text(TENANT), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("group_key", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policies")),
    )
    op.create_index("ix_policies_newest", "policies", ["tenant_id", "kind", "group_key", "version"], unique=True)


def downgrade() -> None:
    op.drop_table("policies")
    op.drop_column("system_changes", "policies")
