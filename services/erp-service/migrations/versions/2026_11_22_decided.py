"""What the gateway says of a replicated record itself: its open conflicts and newest decisions."""

from alembic import op
from migrating import decided

revision = "decided"
down_revision = "wide_sums"

TABLES = (
    "customers",
    "contacts",
    "products",
    "price_lists",
    "prices",
    "tax_rates",
    "availabilities",
    "orders",
    "shipments",
    "invoices",
    "credit_notes",
    "payments",
    "balances",
)
REPLICATED = "canonical_id,version,seq,hlc,merged_seq,sync,peers,updated_at"
MAY_CHANGE = {
    "invoices": f"settled,dunning_level,dunned_on,{REPLICATED}",
    "credit_notes": f"settled,{REPLICATED}",
}


def upgrade() -> None:
    decided.upgrade(TABLES)
    for table, columns in MAY_CHANGE.items():
        _protect(table, f"{columns},decided")


def downgrade() -> None:
    for table, columns in MAY_CHANGE.items():
        _protect(table, columns)
    decided.downgrade(TABLES)


def _protect(table: str, columns: str) -> None:
    """Issued documents may change in these columns only."""
    op.execute(f"""
        create or replace trigger {table}_stay before update or delete on {table}
        for each row execute function refuse_to_change_document('{{{columns}}}')
    """)
