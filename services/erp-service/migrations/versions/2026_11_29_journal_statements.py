"""A change of the journal is refused whether or not its statement reaches a row."""

from alembic import op

revision = "journal_statements"
down_revision = "deletable"

JOURNAL = ("journal_entries", "journal_lines")
REFUSED = """
    create function journal_statement_is_refused() returns trigger language plpgsql as $$
    begin
        if tg_op = 'DELETE' and current_user like '%\\_owner'
            and coalesce(current_setting('app.deleted_tenant', true), '') <> '' then
            return null;
        end if;
        raise exception 'the journal is only added to: post an entry that corrects the other one'
            using errcode = 'restrict_violation';
    end $$
"""


def upgrade() -> None:
    op.execute(REFUSED)
    for table in JOURNAL:
        op.execute(f"""
            create trigger {table}_statements_are_refused before update or delete on {table}
            for each statement execute function journal_statement_is_refused()
        """)


def downgrade() -> None:
    for table in JOURNAL:
        op.execute(f"drop trigger {table}_statements_are_refused on {table}")
    op.execute("drop function journal_statement_is_refused")
