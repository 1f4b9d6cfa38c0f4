"""Roles may be limited to the records of the caller, or of the caller's teams."""

from migrating import visibility

revision = "visibility"
down_revision = "customer_stage"

TABLES = ("customers",)


def upgrade() -> None:
    visibility.upgrade("erp", TABLES)


def downgrade() -> None:
    visibility.downgrade(TABLES)
