"""The deal of an interaction and of a task."""

from alembic import op
from migrating.columns import belongs_to

revision = "deal_activities"
down_revision = "modules"

TABLES = ("interactions", "tasks")


def upgrade() -> None:
    for table in TABLES:
        op.execute(f"alter table {table} add column deal_id uuid, add {belongs_to(table, 'deal_id', 'deals')}")
        op.execute(f"create index ix_{table}_tenant_id_deal_id on {table} (tenant_id, deal_id)")


def downgrade() -> None:
    for table in TABLES:
        op.execute(f"alter table {table} drop column deal_id")
