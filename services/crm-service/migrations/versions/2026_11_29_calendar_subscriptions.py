"""Subscriptions of calendars."""

from alembic import op
from migrating.columns import TENANT, belongs_to

revision = "calendar_subscriptions"
down_revision = "deal_lists"


def upgrade() -> None:
    op.execute(f"""
        create table calendar_subscriptions (
            id uuid constraint pk_calendar_subscriptions primary key,
            tenant_id {TENANT},
            employee_id uuid not null,
            name text not null,
            only_times boolean not null,
            digest bytea not null,
            created_at timestamptz not null,
            last_read_at timestamptz,
            revoked_at timestamptz,
            constraint uq_calendar_subscriptions_tenant_id_id unique (tenant_id, id),
            {belongs_to("calendar_subscriptions", "employee_id", "employees")}
        )
    """)
    op.execute("""
        create index ix_calendar_subscriptions_tenant_id_employee_id_created_at
        on calendar_subscriptions (tenant_id, employee_id, created_at)
    """)


def downgrade() -> None:
    op.execute("drop table calendar_subscriptions")
