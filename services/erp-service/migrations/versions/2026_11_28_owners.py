"""The owner of a record is an employee; texts stay until one is matched."""

from migrating import owners

revision = "owners"
down_revision = "annotations"

TABLES = ("customers",)


def upgrade() -> None:
    owners.upgrade(TABLES)


def downgrade() -> None:
    owners.downgrade(TABLES)
