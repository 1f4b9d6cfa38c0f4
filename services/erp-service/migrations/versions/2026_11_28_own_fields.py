"""Fields of a tenant's own for more records than customers, and declarations that other systems hold too."""

from migrating import own_fields

revision = "own_fields"
down_revision = "webhooks"

TABLES = (
    "contacts",
    "employees",
    "teams",
    "products",
    "price_lists",
    "prices",
    "tax_rates",
    "warehouses",
    "bank_accounts",
    "orders",
    "payments",
)


def upgrade() -> None:
    own_fields.upgrade(TABLES)


def downgrade() -> None:
    own_fields.downgrade(TABLES)
