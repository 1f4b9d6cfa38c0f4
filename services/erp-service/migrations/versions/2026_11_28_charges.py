"""Charges of documents: freight and the like."""

from alembic import op
from migrating import charges

revision = "charges"
down_revision = "owners"

TABLES = ("orders", "invoices", "credit_notes")


def upgrade() -> None:
    charges.upgrade(TABLES)
    charges.add("orders", "charges_billed")


def downgrade() -> None:
    op.drop_column("orders", "charges_billed")
    charges.downgrade(TABLES)
