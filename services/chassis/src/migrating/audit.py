"""The audit log, its chain, and the trigger that keeps both as they are."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrating.columns import tenant_id

KEEP = """
create function refuse_change() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' and old.tenant_id::text = current_setting('app.deleted_tenant', true)
        and current_user like '%\\_owner' then
        return old;
    end if;
    raise exception '% is append-only', tg_table_name using errcode = 'insufficient_privilege';
end $$
"""
TABLES = ("audit_entries", "audit_chain")


def upgrade() -> None:
    op.create_table(
        "audit_entries",
        tenant_id(),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("facts", postgresql.JSONB(), nullable=False),
        sa.Column("correlation_id", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entries")),
    )
    op.create_index(op.f("ix_audit_entries_tenant_id_at_id"), "audit_entries", ["tenant_id", "at", "id"])
    op.create_table(
        "audit_unchained",
        tenant_id(),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_audit_unchained")),
    )
    op.create_table(
        "audit_chain",
        tenant_id(),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "position", name=op.f("pk_audit_chain")),
        sa.UniqueConstraint("entry_id", name=op.f("uq_audit_chain_entry_id")),
    )
    op.execute(KEEP)
    for table in TABLES:
        for each, events in (("row", "update or delete"), ("statement", "truncate")):
            name = "append_only" if each == "row" else "append_only_truncate"
            op.execute(
                f"create trigger {name} before {events} on {table} for each {each} execute function refuse_change()"
            )


def downgrade() -> None:
    for table in (*TABLES, "audit_unchained"):
        op.drop_table(table)
    op.execute("drop function refuse_change")
