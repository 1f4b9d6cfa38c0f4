"""The forecast as it was at the begin of each week."""

from alembic import op
from migrating.columns import TENANT

revision = "frozen_forecasts"
down_revision = "quotas"


def upgrade() -> None:
    op.execute(f"""
        create table frozen_forecasts (
            tenant_id {TENANT},
            week date not null,
            frozen_at timestamptz not null,
            constraint pk_frozen_forecasts primary key (tenant_id, week)
        )
    """)
    op.execute(f"""
        create table frozen_forecast_rows (
            id uuid constraint pk_frozen_forecast_rows primary key,
            tenant_id {TENANT},
            week date not null,
            pipeline text not null,
            month date not null,
            owner_id uuid,
            currency text,
            won numeric(28, 4) not null,
            committed numeric(28, 4) not null,
            best_case numeric(28, 4) not null,
            open numeric(28, 4) not null,
            weighted numeric(32, 8) not null,
            won_count integer not null,
            open_count integer not null,
            constraint fk_frozen_forecast_rows_tenant_id_week foreign key (tenant_id, week)
                references frozen_forecasts (tenant_id, week)
        )
    """)
    columns = ("tenant_id", "week", "month")
    name = f"ix_frozen_forecast_rows_{'_'.join(columns)}"
    op.execute(f"create index {name} on frozen_forecast_rows ({', '.join(columns)})")


def downgrade() -> None:
    op.execute("drop table frozen_forecast_rows")
    op.execute("drop table frozen_forecasts")
