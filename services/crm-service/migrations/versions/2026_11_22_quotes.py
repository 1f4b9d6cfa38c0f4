"""Quotes, their versions and lines."""

from alembic import op
from migrating.columns import TENANT

revision = "quotes"
down_revision = "deals"
OFFER = """
    customer_id uuid not null,
    contact_id uuid,
    currency text not null,
    language text,
    valid_until date,
    reference text,
    introduction text not null,
    shipping_address jsonb,
    lines jsonb not null,
    net numeric(19, 4) not null,
    tax numeric(19, 4) not null,
    total numeric(19, 4) not null
"""


def upgrade() -> None:
    op.execute(f"""
        create table quotes (
            id uuid constraint pk_quotes primary key,
            tenant_id {TENANT},
            number text not null,
            revision integer not null,
            state text not null
                constraint ck_quotes_state check (state in ('draft', 'sent', 'accepted', 'declined')),
            deal_id uuid,
            {OFFER},
            sent_at timestamptz,
            decided_at timestamptz,
            reason text,
            order_id uuid,
            version integer not null default 1,
            created_at timestamptz not null default now(),
            updated_at timestamptz not null default now(),
            constraint uq_quotes_tenant_id_number unique (tenant_id, number),
            constraint fk_quotes_tenant_id_customer_id
                foreign key (tenant_id, customer_id) references customers (tenant_id, id),
            constraint fk_quotes_tenant_id_contact_id
                foreign key (tenant_id, contact_id) references contacts (tenant_id, id),
            constraint fk_quotes_tenant_id_deal_id foreign key (tenant_id, deal_id) references deals (tenant_id, id)
        )
    """)
    op.execute("create index ix_quotes_tenant_id_customer_id on quotes (tenant_id, customer_id)")
    op.execute("create index ix_quotes_tenant_id_deal_id on quotes (tenant_id, deal_id)")
    op.execute("create index ix_quotes_tenant_id_updated_at_id on quotes (tenant_id, updated_at, id)")
    op.execute(f"""
        create table sent_quotes (
            quote_id uuid not null constraint fk_sent_quotes_quote_id references quotes (id),
            revision integer not null,
            tenant_id {TENANT},
            sent_at timestamptz not null,
            {OFFER},
            constraint pk_sent_quotes primary key (quote_id, revision)
        )
    """)
    op.execute(f"""
        create table quote_settings (
            tenant_id {TENANT},
            name text not null,
            value jsonb not null,
            version integer not null,
            constraint pk_quote_settings primary key (tenant_id, name)
        )
    """)


def downgrade() -> None:
    for table in ("quote_settings", "sent_quotes", "quotes"):
        op.execute(f"drop table {table}")
