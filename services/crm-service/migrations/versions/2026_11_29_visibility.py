"""Roles may be limited to the records of the caller, or of the caller's teams."""

from migrating import visibility

revision = "visibility"
down_revision = "customer_stage"

TABLES = ("customers", "deals", "leads")


def upgrade() -> None:
    visibility.upgrade("crm", TABLES)


def downgrade() -> None:
    visibility.downgrade(TABLES)
