"""Customers, their legal entities, and the tenant's own fields."""

from alembic import op

from migrating.columns import REPLICATED, TENANT

NUMBER = """
    number text not null default next_number('customer', 'C-'),
    constraint uq_customers_tenant_id_number unique (tenant_id, number),
"""


def upgrade(*, numbered: bool) -> None:
    op.execute(f"""
        create table customers (
            id uuid constraint pk_customers primary key,
            tenant_id {TENANT},
            {NUMBER if numbered else ""}
            name text not null,
            kind text not null constraint ck_customers_kind check (kind in ('company', 'person')),
            email text,
            email_key text,
            phone text,
            phone_e164 text,
            website text,
            billing_address jsonb,
            shipping_address jsonb,
            language text,
            currency text,
            owner text,
            segment text,
            source text,
            tags text[] not null default '{{}}',
            notes text not null default '',
            custom jsonb not null default '{{}}',
            payment_terms jsonb,
            credit jsonb,
            search text not null,
            canonical_id uuid constraint uq_customers_canonical_id unique,
            {REPLICATED},
            constraint uq_customers_tenant_id_id unique (tenant_id, id)
        )
    """)
    op.execute("create index ix_customers_tenant_id_name_id on customers (tenant_id, name, id)")
    op.execute("create index ix_customers_tenant_id_updated_at_id on customers (tenant_id, updated_at, id)")
    op.execute("create index ix_customers_tenant_id_email_key on customers (tenant_id, email_key)")
    op.execute("create index ix_customers_tenant_id_phone_e164 on customers (tenant_id, phone_e164)")
    op.execute(f"""
        create table legal_entities (
            customer_id uuid not null constraint fk_legal_entities_customer_id references customers (id),
            id uuid not null,
            tenant_id {TENANT},
            legal_name text not null,
            country text,
            tax_id text,
            tax_id_key text,
            registration text,
            valid_from date,
            valid_to date,
            removed_at timestamptz,
            constraint pk_legal_entities primary key (customer_id, id)
        )
    """)
    op.execute("create index ix_legal_entities_tenant_id_tax_id_key on legal_entities (tenant_id, tax_id_key)")
    op.execute(f"""
        create table custom_fields (
            id uuid constraint pk_custom_fields primary key,
            tenant_id {TENANT},
            key text not null,
            label text not null,
            type text not null,
            choices text[] not null,
            version integer not null default 1,
            constraint uq_custom_fields_tenant_id_key unique (tenant_id, key)
        )
    """)


def downgrade() -> None:
    for table in ("custom_fields", "legal_entities", "customers"):
        op.execute(f"drop table {table}")
