"""Contacts."""

from alembic import op

from migrating.columns import REPLICATED, TENANT


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
            {REPLICATED},
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
