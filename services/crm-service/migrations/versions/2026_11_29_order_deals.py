"""The deal of an order."""

from alembic import op
from migrating.columns import belongs_to

revision = "order_deals"
down_revision = "deal_lines"


def upgrade() -> None:
    op.execute(f"alter table orders add column deal_id uuid, add {belongs_to('orders', 'deal_id', 'deals')}")
    op.execute("create index ix_orders_tenant_id_deal_id on orders (tenant_id, deal_id) where deal_id is not null")
    op.execute("""
        update orders set deal_id = quotes.deal_id from quotes
        where quotes.tenant_id = orders.tenant_id and quotes.order_id = orders.id and quotes.deal_id is not null
    """)


def downgrade() -> None:
    op.execute("alter table orders drop column deal_id")
