"""Numbers, customers, their legal entities, and the tenant's own fields."""

from migrating import counters, customers

revision = "customers"
down_revision = "messages"


def upgrade() -> None:
    counters.upgrade()
    customers.upgrade(numbered=True)


def downgrade() -> None:
    customers.downgrade()
    counters.downgrade()
