"""Notes, and the tables of the chassis that a service has."""

import chassis.outbox
import chassis.preconditions
import chassis.resend  # noqa: F401  (their tables)
from alembic import op
from chassis.db import Base

revision = "notebook"
down_revision = None

TENANT = "uuid not null default nullif(current_setting('app.tenant', true), '')::uuid"


def upgrade() -> None:
    Base.metadata.create_all(op.get_bind())
    op.execute(f"""
        create table notes (
            id uuid constraint pk_notes primary key,
            tenant_id {TENANT},
            canonical_id uuid constraint uq_notes_canonical_id unique,
            version integer not null default 0,
            seq bigint not null default 0,
            hlc bigint not null default 0,
            merged_seq bigint not null default 0,
            sync jsonb not null default '{{}}',
            peers jsonb not null default '{{}}',
            decided jsonb not null default '{{}}',
            archived_at timestamptz,
            created_at timestamptz not null default now(),
            updated_at timestamptz not null default now(),
            title text not null,
            text text,
            isbn text,
            tags jsonb not null,
            constraint uq_notes_tenant_id_isbn unique (tenant_id, isbn)
        )
    """)
    op.execute("""
        create table read_positions (
            topic text,
            partition integer,
            next_offset bigint,
            primary key (topic, partition)
        )
    """)


def downgrade() -> None:
    for table in ("read_positions", "notes"):
        op.execute(f"drop table {table}")
    Base.metadata.drop_all(op.get_bind())
