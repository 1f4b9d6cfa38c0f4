"""Columns that tables have in common, as they were on 22 November 2026."""

from typing import Any

import sqlalchemy as sa

TENANT = "uuid not null default nullif(current_setting('app.tenant', true), '')::uuid"
VERSIONS = """
    version integer not null default 0,
    seq bigint not null default 0,
    hlc bigint not null default 0,
    merged_seq bigint not null default 0,
    sync jsonb not null default '{}',
    peers jsonb not null default '{}'
"""
TIMES = """
    archived_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
"""
REPLICATED = f"{VERSIONS}, {TIMES}"


def tenant_id() -> sa.Column[Any]:
    """The tenant of a row: by default the one of the transaction."""
    current = sa.text("nullif(current_setting('app.tenant', true), '')::uuid")
    return sa.Column("tenant_id", sa.Uuid(), server_default=current, nullable=False)


def time(name: str) -> sa.Column[Any]:
    """A time that is the transaction's by default."""
    return sa.Column(name, sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False)


def identified(table: str) -> str:
    """The keys of a replicated row."""
    return f"""
        id uuid constraint pk_{table} primary key,
        tenant_id {TENANT},
        canonical_id uuid constraint uq_{table}_canonical_id unique
    """


def replicated(table: str) -> str:
    """The keys of a replicated row, and the columns of its versions."""
    return f"{identified(table)}, {REPLICATED}"


def belongs_to(table: str, column: str, other: str) -> str:
    """A reference that never leaves the tenant."""
    return f"""
        constraint fk_{table}_tenant_id_{column} foreign key (tenant_id, {column}) references {other} (tenant_id, id)
    """
