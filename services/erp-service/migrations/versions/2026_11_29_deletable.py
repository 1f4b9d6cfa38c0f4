"""What is never changed may be deleted with its tenant, by the owner of the tables."""

from alembic import op

revision = "deletable"
down_revision = "tenants"

JOURNAL = ("journal_entries", "journal_lines")
IS_DELETED = """
    create function belongs_to_deleted_tenant(tenant uuid) returns boolean language sql stable as $$
        select current_user like '%\\_owner' and tenant::text = current_setting('app.deleted_tenant', true)
    $$
"""
IF_DELETED = "if tg_op = 'DELETE' and belongs_to_deleted_tenant(old.tenant_id) then return old; end if;"
NEVER_CHANGED = """
    create or replace function {name}() returns trigger language plpgsql as $$
    begin
        {if_deleted}
        raise exception '{reason}' using errcode = 'restrict_violation';
    end $$
"""
DOCUMENT = """
    create or replace function refuse_to_change_document() returns trigger language plpgsql as $$
    begin
        {if_deleted}
        if tg_op = 'DELETE' then
            raise exception '% are never deleted', tg_table_name using errcode = 'restrict_violation';
        end if;
        if to_jsonb(new) - tg_argv[0]::text[] is distinct from to_jsonb(old) - tg_argv[0]::text[] then
            raise exception '% are never changed', tg_table_name using errcode = 'restrict_violation';
        end if;
        return new;
    end $$
"""
KIT = """
    create or replace function note_kit() returns trigger language plpgsql as $$
    begin
        {if_deleted}
        insert into stock_changes (product_id) values (coalesce(new.kit_id, old.kit_id));
        return null;
    end $$
"""
JOURNAL_REASON = "the journal is only added to: post an entry that corrects the other one"
MOVE_REASON = "a stock move is never changed: enter another one"


def upgrade() -> None:
    op.execute(IS_DELETED)
    _functions(IF_DELETED)
    _journal("for each row", "update or delete")
    for table in JOURNAL:
        op.execute(f"""
            create trigger {table}_are_not_truncated before truncate on {table}
            for each statement execute function journal_is_append_only()
        """)


def downgrade() -> None:
    for table in JOURNAL:
        op.execute(f"drop trigger {table}_are_not_truncated on {table}")
    _functions("")
    _journal("for each statement", "update or delete or truncate")
    op.execute("drop function belongs_to_deleted_tenant")


def _functions(if_deleted: str) -> None:
    for name, reason in (("journal_is_append_only", JOURNAL_REASON), ("refuse_to_change_move", MOVE_REASON)):
        op.execute(NEVER_CHANGED.format(name=name, reason=reason, if_deleted=if_deleted))
    for function in (DOCUMENT, KIT):
        op.execute(function.format(if_deleted=if_deleted))


def _journal(each: str, events: str) -> None:
    for table in JOURNAL:
        op.execute(f"drop trigger {table}_are_append_only on {table}")
        op.execute(f"""
            create trigger {table}_are_append_only before {events} on {table}
            {each} execute function journal_is_append_only()
        """)
