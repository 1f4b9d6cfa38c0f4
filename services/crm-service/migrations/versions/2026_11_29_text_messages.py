"""Message channels and text messages."""

from alembic import op
from migrating.columns import TENANT, belongs_to

revision = "text_messages"
down_revision = "frozen_forecasts"

VERSIONED = f"""
    tenant_id {TENANT},
    version integer not null default 1,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
"""
PARTS = {
    "channel_id": "message_channels",
    "customer_id": "customers",
    "contact_id": "contacts",
    "lead_id": "leads",
}
INDEXES = {
    "message_channels": ("name, id", "updated_at, id"),
    "text_messages": ("party, created_at", "customer_id, created_at", "contact_id", "created_at, id"),
}


def upgrade() -> None:
    op.execute(f"""
        create table message_channels (
            id uuid constraint pk_message_channels primary key,
            {VERSIONED},
            archived_at timestamptz,
            name text not null,
            medium text not null,
            driver text not null,
            sender text,
            gateway jsonb,
            sealed_secret bytea,
            enabled boolean not null,
            trouble text,
            custom jsonb not null default '{{}}',
            constraint uq_message_channels_tenant_id_id unique (tenant_id, id)
        )
    """)
    op.execute(f"""
        create table text_messages (
            id uuid constraint pk_text_messages primary key,
            {VERSIONED},
            channel_id uuid not null,
            direction text not null,
            state text not null,
            reason text,
            party text not null,
            text text not null,
            marketing boolean not null,
            external_id text,
            customer_id uuid,
            contact_id uuid,
            lead_id uuid,
            sent_at timestamptz,
            attempts integer not null,
            due_at timestamptz,
            created_by text not null,
            constraint uq_text_messages_tenant_id_id unique (tenant_id, id),
            {", ".join(belongs_to("text_messages", column, table) for column, table in PARTS.items())}
        )
    """)
    for table, indexes in INDEXES.items():
        for columns in indexes:
            name = f"ix_{table}_tenant_id_{columns.replace(', ', '_')}"
            op.execute(f"create index {name} on {table} (tenant_id, {columns})")
    op.execute("create unique index uq_text_messages_received on text_messages (tenant_id, channel_id, external_id)")
    op.execute("""
        create index ix_text_messages_due on text_messages (channel_id, due_at) where state in ('queued', 'sending')
    """)


def downgrade() -> None:
    op.execute("drop table text_messages")
    op.execute("drop table message_channels")
