"""A stay at a stage refers to a deal of the same tenant, like every other reference."""

from alembic import op
from migrating.columns import belongs_to

revision = "stages_of_tenant"
down_revision = "order_deals"


def upgrade() -> None:
    op.execute(f"alter table deal_stages add {belongs_to('deal_stages', 'deal_id', 'deals')} not valid")
    op.execute("alter table deal_stages validate constraint fk_deal_stages_tenant_id_deal_id")
    op.execute("alter table deal_stages drop constraint fk_deal_stages_deal_id_deals")


def downgrade() -> None:
    op.execute("""
        alter table deal_stages add constraint fk_deal_stages_deal_id_deals foreign key (deal_id) references deals (id)
    """)
    op.execute("alter table deal_stages drop constraint fk_deal_stages_tenant_id_deal_id")
