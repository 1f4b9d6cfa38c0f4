"""What the gateway says of a replicated record itself: its open conflicts and newest decisions."""

from migrating import decided

revision = "decided"
down_revision = "wide_sums"

TABLES = (
    "customers",
    "contacts",
    "products",
    "availability",
    "price_lists",
    "prices",
    "tax_rates",
    "orders",
    "shipments",
    "invoices",
    "credit_notes",
    "payments",
    "balances",
)


def upgrade() -> None:
    decided.upgrade(TABLES)


def downgrade() -> None:
    decided.downgrade(TABLES)
