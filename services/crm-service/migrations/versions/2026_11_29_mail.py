"""Mailboxes, e-mails and their templates."""

from alembic import op
from migrating.columns import TENANT, belongs_to

revision = "mail"
down_revision = "deal_activities"

VERSIONED = """
    version integer not null default 1,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
"""
PARTS = {"mailbox": "mailboxes", "customer": "customers", "contact": "contacts", "deal": "deals", "lead": "leads"}
INDEXES = (
    "message_id", "thread_id", "party_email, subject_key", "customer_id, created_at", "contact_id",
    "mailbox_id, created_at", "created_at, id",
)  # fmt: skip


def upgrade() -> None:
    op.execute(f"""
        create table mailboxes (
            id uuid constraint pk_mailboxes primary key,
            tenant_id {TENANT},
            {VERSIONED},
            archived_at timestamptz,
            name text not null,
            email text not null,
            owner_id uuid,
            smtp jsonb,
            imap jsonb,
            login_name text,
            sealed_secret bytea,
            signature text not null,
            enabled boolean not null,
            uid_validity bigint not null,
            uid bigint not null,
            trouble text,
            fetch_after timestamptz,
            custom jsonb not null default '{{}}',
            constraint uq_mailboxes_tenant_id_id unique (tenant_id, id),
            constraint uq_mailboxes_tenant_id_email unique (tenant_id, email),
            {belongs_to("mailboxes", "owner_id", "employees")}
        )
    """)
    op.execute(f"""
        create table emails (
            id uuid constraint pk_emails primary key,
            tenant_id {TENANT},
            {VERSIONED},
            mailbox_id uuid not null,
            direction text not null,
            state text not null,
            reason text,
            sender jsonb not null,
            recipients jsonb not null,
            copies jsonb not null,
            party_email text,
            subject text not null,
            subject_key text not null,
            text text not null,
            html text,
            message_id text not null,
            in_reply_to text,
            message_references text[] not null,
            thread_id uuid not null,
            marketing boolean not null,
            customer_id uuid,
            contact_id uuid,
            deal_id uuid,
            lead_id uuid,
            sent_at timestamptz,
            attempts integer not null,
            due_at timestamptz,
            created_by text not null,
            constraint uq_emails_tenant_id_id unique (tenant_id, id),
            {", ".join(belongs_to("emails", f"{name}_id", table) for name, table in PARTS.items())}
        )
    """)
    op.execute(f"""
        create table email_templates (
            id uuid constraint pk_email_templates primary key,
            tenant_id {TENANT},
            {VERSIONED},
            archived_at timestamptz,
            name text not null,
            language text,
            subject text not null,
            text text not null,
            html text,
            fields text[] not null,
            marketing boolean not null,
            custom jsonb not null default '{{}}',
            constraint uq_email_templates_tenant_id_id unique (tenant_id, id)
        )
    """)
    for table in ("mailboxes", "email_templates"):
        for columns in ("name, id", "updated_at, id"):
            _index(table, columns)
    for columns in INDEXES:
        _index("emails", columns)
    op.execute("""
        create unique index uq_emails_received on emails (tenant_id, mailbox_id, message_id) where direction = 'in'
    """)
    op.execute("create index ix_emails_due on emails (mailbox_id, due_at) where state in ('queued', 'sending')")


def downgrade() -> None:
    for table in ("emails", "email_templates", "mailboxes"):
        op.execute(f"drop table {table}")


def _index(table: str, columns: str) -> None:
    op.execute(f"create index ix_{table}_tenant_id_{columns.replace(', ', '_')} on {table} (tenant_id, {columns})")
