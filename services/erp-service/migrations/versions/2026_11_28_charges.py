"""Charges of documents: freight and the like."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "charges"
down_revision = "owners"
branch_labels = None
depends_on = None

TABLES = ("orders", "invoices", "credit_notes")


def upgrade() -> None:
    for table in TABLES:
        empty = sa.text("'[]'")
        op.add_column(table, sa.Column("charges", postgresql.JSONB(), server_default=empty, nullable=False))
    op.add_column(
        "orders", sa.Column("charges_billed", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False)
    )


def downgrade() -> None:
    op.drop_column("orders", "charges_billed")
    for table in TABLES:
        op.drop_column(table, "charges")
