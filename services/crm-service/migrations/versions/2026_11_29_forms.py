"""Forms of websites, what is submitted, and the consent of leads."""

from alembic import op
from migrating.columns import TENANT, belongs_to

revision = "forms"
down_revision = "leads"


def upgrade() -> None:
    op.execute("alter table leads add column consent jsonb")
    op.execute(f"""
        create table forms (
            id uuid constraint pk_forms primary key,
            tenant_id {TENANT},
            version integer not null default 1,
            created_at timestamptz not null default now(),
            updated_at timestamptz not null default now(),
            archived_at timestamptz,
            name text not null,
            key text not null,
            fields jsonb not null,
            source text,
            campaign text,
            origins text[] not null,
            honeypot text not null,
            enabled boolean not null,
            custom jsonb not null default '{{}}',
            constraint uq_forms_tenant_id_id unique (tenant_id, id),
            constraint uq_forms_tenant_id_key unique (tenant_id, key)
        )
    """)
    op.execute("create index ix_forms_tenant_id_name_id on forms (tenant_id, name, id)")
    op.execute("create index ix_forms_tenant_id_updated_at_id on forms (tenant_id, updated_at, id)")
    op.execute(f"""
        create table form_submissions (
            id uuid constraint pk_form_submissions primary key,
            tenant_id {TENANT},
            created_at timestamptz not null default now(),
            form_id uuid not null,
            fields jsonb not null,
            consents jsonb not null,
            origin text,
            state text not null,
            reason text,
            lead_id uuid,
            constraint uq_form_submissions_tenant_id_id unique (tenant_id, id),
            {belongs_to("form_submissions", "form_id", "forms")},
            {belongs_to("form_submissions", "lead_id", "leads")}
        )
    """)
    for columns in ("tenant_id, created_at, id", "tenant_id, form_id, created_at", "state, created_at"):
        name = f"ix_form_submissions_{columns.replace(', ', '_')}"
        op.execute(f"create index {name} on form_submissions ({columns})")


def downgrade() -> None:
    op.execute("drop table form_submissions")
    op.execute("drop table forms")
    op.execute("alter table leads drop column consent")
