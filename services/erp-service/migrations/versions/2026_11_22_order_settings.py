"""What a tenant declares for its orders: the limits on discounts."""

from alembic import op
from migrating.columns import TENANT

revision = "order_settings"
down_revision = "outbox_parked"


def upgrade() -> None:
    op.execute(f"""
        create table order_settings (
            tenant_id {TENANT},
            name text not null,
            value jsonb not null,
            version integer not null,
            constraint pk_order_settings primary key (tenant_id, name)
        )
    """)


def downgrade() -> None:
    op.execute("drop table order_settings")
