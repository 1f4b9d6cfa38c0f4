"""Fields of a tenant's own for more records than customers, and declarations that other systems hold too."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrating.columns import time

EMPTY = sa.text("'{}'")
NONE = sa.text("0")


def _shared() -> tuple[sa.Column[Any], ...]:
    """The record that a field belongs to, and what every replicated row has."""
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
        time("created_at"),
        time("updated_at"),
    )


def upgrade(tables: tuple[str, ...]) -> None:
    for table in tables:
        op.add_column(table, sa.Column("custom", postgresql.JSONB(), server_default=EMPTY, nullable=False))
    for column in _shared():
        op.add_column("custom_fields", column)
    op.alter_column("custom_fields", "version", server_default=NONE)
    op.drop_constraint("uq_custom_fields_tenant_id_key", "custom_fields", type_="unique")
    op.create_unique_constraint(
        "uq_custom_fields_tenant_id_record_key", "custom_fields", ["tenant_id", "record", "key"]
    )
    op.create_unique_constraint("uq_custom_fields_canonical_id", "custom_fields", ["canonical_id"])


def downgrade(tables: tuple[str, ...]) -> None:
    op.drop_constraint("uq_custom_fields_canonical_id", "custom_fields", type_="unique")
    op.drop_constraint("uq_custom_fields_tenant_id_record_key", "custom_fields", type_="unique")
    op.execute("delete from custom_fields where record <> 'customer' or archived_at is not null")
    op.create_unique_constraint("uq_custom_fields_tenant_id_key", "custom_fields", ["tenant_id", "key"])
    op.alter_column("custom_fields", "version", server_default=sa.text("1"))
    for column in _shared():
        op.drop_column("custom_fields", column.name)
    for table in tables:
        op.drop_column(table, "custom")
