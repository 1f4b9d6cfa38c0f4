"""Customers, their legal entities, and the tenant's own fields."""

from migrating import customers

revision = "customers"
down_revision = "messages"
downgrade = customers.downgrade


def upgrade() -> None:
    customers.upgrade(numbered=False)
