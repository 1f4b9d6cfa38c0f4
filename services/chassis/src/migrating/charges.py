"""Charges of documents: freight and the like."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql


def upgrade(tables: tuple[str, ...]) -> None:
    for table in tables:
        add(table, "charges")


def downgrade(tables: tuple[str, ...]) -> None:
    for table in tables:
        op.drop_column(table, "charges")


def add(table: str, column: str) -> None:
    empty = sa.text("'[]'")
    op.add_column(table, sa.Column(column, postgresql.JSONB(), server_default=empty, nullable=False))
