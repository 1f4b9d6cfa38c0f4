"""Quotas of employees and teams."""

from alembic import op
from migrating.columns import TENANT, belongs_to

revision = "quotas"
down_revision = "calendar_subscriptions"


def upgrade() -> None:
    op.execute(f"""
        create table quotas (
            id uuid constraint pk_quotas primary key,
            tenant_id {TENANT},
            version integer not null default 1,
            created_at timestamptz not null default now(),
            updated_at timestamptz not null default now(),
            archived_at timestamptz,
            employee_id uuid,
            team_id uuid,
            first_day date not null,
            last_day date not null,
            amount numeric(19, 4) not null,
            currency text not null,
            custom jsonb not null default '{{}}',
            constraint ck_quotas_whose check (num_nonnulls(employee_id, team_id) = 1),
            {belongs_to("quotas", "employee_id", "employees")},
            {belongs_to("quotas", "team_id", "teams")}
        )
    """)
    for columns in ("first_day, id", "employee_id", "team_id"):
        name = f"ix_quotas_tenant_id_{columns.replace(', ', '_')}"
        op.execute(f"create index {name} on quotas (tenant_id, {columns})")


def downgrade() -> None:
    op.execute("drop table quotas")
