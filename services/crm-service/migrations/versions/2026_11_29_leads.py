"""Leads, and the rules by which they are scored and assigned."""

from alembic import op
from migrating.columns import TENANT, belongs_to

revision = "leads"
down_revision = "tenants"

REFERENCES = {"customer_id": "customers", "contact_id": "contacts", "deal_id": "deals", "owner_id": "employees"}
INDEXES = ("owner_id, state", "score, id", "name, id", "updated_at, id", "email_key", "phone_e164")


def upgrade() -> None:
    op.execute(f"""
        create table lead_settings (
            tenant_id {TENANT},
            name text,
            value jsonb not null,
            version integer not null,
            constraint pk_lead_settings primary key (tenant_id, name)
        )
    """)
    op.execute(f"""
        create table leads (
            id uuid constraint pk_leads primary key,
            tenant_id {TENANT},
            version integer not null default 1,
            created_at timestamptz not null default now(),
            updated_at timestamptz not null default now(),
            archived_at timestamptz,
            name text not null,
            company text,
            email text,
            email_key text,
            phone text,
            phone_e164 text,
            search text not null,
            country text,
            language text,
            source text,
            campaign text,
            interest text not null,
            state text not null,
            reason text,
            score integer not null,
            owner_id uuid,
            customer_id uuid,
            contact_id uuid,
            deal_id uuid,
            custom jsonb not null default '{{}}',
            constraint uq_leads_tenant_id_id unique (tenant_id, id),
            {", ".join(belongs_to("leads", column, table) for column, table in REFERENCES.items())}
        )
    """)
    for columns in INDEXES:
        name = f"ix_leads_tenant_id_{columns.replace(', ', '_')}"
        op.execute(f"create index {name} on leads (tenant_id, {columns})")
    op.execute("""
        create index ix_leads_words on leads using gin (
            (to_tsvector('simple'::regconfig, search) || array_to_tsvector(array[tenant_id::text]))
        )
    """)


def downgrade() -> None:
    op.execute("drop table leads")
    op.execute("drop table lead_settings")
