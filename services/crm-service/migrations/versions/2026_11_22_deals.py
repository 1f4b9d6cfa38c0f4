"""Pipelines and deals."""

from alembic import op
from migrating.columns import TENANT

revision = "deals"
down_revision = "orders"


def upgrade() -> None:
    op.execute("alter table contacts add constraint uq_contacts_tenant_id_id unique (tenant_id, id)")
    op.execute(f"""
        create table pipelines (
            id uuid constraint pk_pipelines primary key,
            tenant_id {TENANT},
            key text not null,
            value jsonb not null,
            version integer not null default 1,
            created_at timestamptz not null default now(),
            updated_at timestamptz not null default now(),
            constraint uq_pipelines_tenant_id_key unique (tenant_id, key)
        )
    """)
    op.execute(f"""
        create table deals (
            id uuid constraint pk_deals primary key,
            tenant_id {TENANT},
            name text not null,
            customer_id uuid not null,
            contact_id uuid,
            pipeline text not null,
            stage text not null,
            probability numeric(19, 4) not null,
            state text not null constraint ck_deals_state check (state in ('open', 'won', 'lost')),
            reason text,
            closed_on date,
            amount numeric(19, 4),
            currency text,
            expected_close date,
            source text,
            owner text,
            notes text not null,
            version integer not null default 1,
            created_at timestamptz not null default now(),
            updated_at timestamptz not null default now(),
            constraint uq_deals_tenant_id_id unique (tenant_id, id),
            constraint fk_deals_tenant_id_customer_id
                foreign key (tenant_id, customer_id) references customers (tenant_id, id),
            constraint fk_deals_tenant_id_contact_id
                foreign key (tenant_id, contact_id) references contacts (tenant_id, id)
        )
    """)
    op.execute("create index ix_deals_tenant_id_customer_id on deals (tenant_id, customer_id)")
    op.execute("create index ix_deals_tenant_id_pipeline_stage on deals (tenant_id, pipeline, stage)")
    op.execute("create index ix_deals_tenant_id_expected_close_id on deals (tenant_id, expected_close, id)")
    op.execute("create index ix_deals_tenant_id_updated_at_id on deals (tenant_id, updated_at, id)")


def downgrade() -> None:
    op.execute("drop table deals")
    op.execute("drop table pipelines")
    op.execute("alter table contacts drop constraint uq_contacts_tenant_id_id")
