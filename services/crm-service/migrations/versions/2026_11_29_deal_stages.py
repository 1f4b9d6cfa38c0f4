"""The stage history of deals; a deal from before has one stay, since it was entered."""

from alembic import op
from migrating.columns import TENANT

revision = "deal_stages"
down_revision = "mail"


def upgrade() -> None:
    op.execute(f"""
        create table deal_stages (
            id uuid constraint pk_deal_stages primary key,
            tenant_id {TENANT},
            deal_id uuid not null constraint fk_deal_stages_deal_id_deals references deals (id),
            pipeline text not null,
            stage text not null,
            entered_at timestamptz not null,
            entered_by text not null,
            left_at timestamptz,
            left_to text
        )
    """)
    columns = ("tenant_id", "deal_id", "entered_at", "id")
    op.execute(f"create index ix_deal_stages_{'_'.join(columns)} on deal_stages ({', '.join(columns)})")
    op.execute("create unique index uq_deal_stages_current on deal_stages (deal_id) where left_at is null")
    op.execute("""
        insert into deal_stages (id, tenant_id, deal_id, pipeline, stage, entered_at, entered_by, left_at, left_to)
        select uuidv7(), tenant_id, id, pipeline, stage, created_at, 'system',
            case when state <> 'open' then updated_at end, nullif(state, 'open')
        from deals
    """)


def downgrade() -> None:
    op.execute("drop table deal_stages")
