"""What a tenant declares for its orders: the limits on discounts."""

from alembic import op

revision = "order_settings"
down_revision = "outbox_parked"
branch_labels = None
depends_on = None

TENANT = "uuid not null default nullif(current_setting('app.tenant', true), '')::uuid"


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
