"""Contacts."""

from alembic import op

revision = "contacts"
down_revision = "customers"
branch_labels = None
depends_on = None

TENANT = "uuid not null default nullif(current_setting('app.tenant', true), '')::uuid"


def upgrade() -> None:
    op.execute(f"""
        create table contacts (
            id uuid constraint pk_contacts primary key,
            tenant_id {TENANT},
            customer_id uuid,
            name text not null,
            email text,
            email_key text,
            phone text,
            phone_e164 text,
            position text,
            consent jsonb,
            search text not null,
            canonical_id uuid constraint uq_contacts_canonical_id unique,
            version integer not null default 0,
            seq bigint not null default 0,
            hlc bigint not null default 0,
            merged_seq bigint not null default 0,
            sync jsonb not null default '{{}}',
            peers jsonb not null default '{{}}',
            archived_at timestamptz,
            created_at timestamptz not null default now(),
            updated_at timestamptz not null default now(),
            constraint fk_contacts_tenant_id_customer_id
                foreign key (tenant_id, customer_id) references customers (tenant_id, id)
        )
    """)
    op.execute("create index ix_contacts_tenant_id_name_id on contacts (tenant_id, name, id)")
    op.execute("create index ix_contacts_tenant_id_updated_at_id on contacts (tenant_id, updated_at, id)")
    op.execute("create index ix_contacts_tenant_id_customer_id on contacts (tenant_id, customer_id)")
    op.execute("create index ix_contacts_tenant_id_email_key on contacts (tenant_id, email_key)")
    op.execute("create index ix_contacts_tenant_id_phone_e164 on contacts (tenant_id, phone_e164)")


def downgrade() -> None:
    op.execute("drop table contacts")
