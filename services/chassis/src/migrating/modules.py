"""Modules that a tenant has turned off or on."""

import sqlalchemy as sa
from alembic import op

from migrating.columns import tenant_id, time


def upgrade() -> None:
    op.create_table(
        "optional_modules",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        tenant_id(),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        time("changed_at"),
        sa.PrimaryKeyConstraint("tenant_id", "name", name=op.f("pk_optional_modules")),
    )


def downgrade() -> None:
    op.drop_table("optional_modules")
