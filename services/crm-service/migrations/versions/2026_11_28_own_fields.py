"""Fields of a tenant's own for more records than customers, and declarations that other systems hold too."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "own_fields"
down_revision = "webhooks"
branch_labels = None
depends_on = None

TABLES = (
    "contacts",
    "employees",
    "products",
    "payments",
    "orders",
    "deals",
    "quotes",
)
EMPTY = sa.text("'{}'")
NONE = sa.text("0")
NOW = sa.text("now()")


def shared() -> tuple[sa.Column[Any], ...]:
    """What every replicated row has."""
    return (
        sa.Column("record", sa.Text(), server_default="customer", nullable=False),
        sa.Column("canonical_id", sa.Uuid(), nullable=True),
        sa.Column("seq", sa.BigInteger(), server_default=NONE, nullable=False),
        sa.Column("hlc", sa.BigInteger(), server_default=NONE, nullable=False),
        sa.Column("merged_seq", sa.BigInteger(), server_default=NONE, nullable=False),
        sa.Column("sync", postgresql.JSONB(), server_default=EMPTY, nullable=False),
        sa.Column("peers", postgresql.JSONB(), server_default=EMPTY, nullable=False),
        sa.Column("decided", postgresql.JSONB(), server_default=EMPTY, nullable=False),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
    )


def upgrade() -> None:
    for table in TABLES:
        op.add_column(table, sa.Column("custom", postgresql.JSONB(), server_default=EMPTY, nullable=False))
    for column in shared():
        op.add_column("custom_fields", column)
    op.alter_column("custom_fields", "version", server_default=NONE)
    op.drop_constraint("uq_custom_fields_tenant_id_key", "custom_fields", type_="unique")
    op.create_unique_constraint(
        "uq_custom_fields_tenant_id_record_key", "custom_fields", ["tenant_id", "record", "key"]
    )
    op.create_unique_constraint("uq_custom_fields_canonical_id", "custom_fields", ["canonical_id"])


def downgrade() -> None:
    op.drop_constraint("uq_custom_fields_canonical_id", "custom_fields", type_="unique")
    op.drop_constraint("uq_custom_fields_tenant_id_record_key", "custom_fields", type_="unique")
    op.execute("delete from custom_fields where record <> 'customer' or archived_at is not null")
    op.create_unique_constraint("uq_custom_fields_tenant_id_key", "custom_fields", ["tenant_id", "key"])
    op.alter_column("custom_fields", "version", server_default=sa.text("1"))
    for column in shared():
        op.drop_column("custom_fields", column.name)
    for table in TABLES:
        op.drop_column(table, "custom")
