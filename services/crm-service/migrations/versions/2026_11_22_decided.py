"""What the gateway says of a replicated record itself: its open conflicts and newest decisions."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "decided"
down_revision = "wide_sums"
branch_labels = None
depends_on = None

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
    for table in TABLES:
        op.add_column(table, sa.Column("decided", JSONB(), server_default=sa.text("'{}'"), nullable=False))


def downgrade() -> None:
    for table in TABLES:
        op.drop_column(table, "decided")
