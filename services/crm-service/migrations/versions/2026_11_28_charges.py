"""Charges of documents: freight and the like."""

from migrating import charges

revision = "charges"
down_revision = "owners"

TABLES = ("orders", "quotes", "sent_quotes", "invoices", "credit_notes")


def upgrade() -> None:
    charges.upgrade(TABLES)


def downgrade() -> None:
    charges.downgrade(TABLES)
