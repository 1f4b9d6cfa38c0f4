"""Customers, contacts and products are found by the beginnings of words through an index."""

from alembic import op

TABLES = ("customers", "contacts", "products")


def upgrade() -> None:
    op.execute("""
        create function found_by_words(target text, words text, most integer) returns uuid[]
        language plpgsql stable security definer set search_path = public, pg_temp as $$
        declare
            tenant text := current_setting('app.tenant');
            found uuid[];
        begin
            execute format(
                'select array_agg(id) from (select id from %I where tenant_id = $1'
                ' and (to_tsvector(''simple''::regconfig, search) || array_to_tsvector(array[tenant_id::text]))'
                ' @@ (array_to_tsvector(array[$1::text])::text::tsquery && to_tsquery(''simple'', $2)) limit $3) hits',
                target
            ) into found using tenant::uuid, words, most + 1;
            return case when coalesce(cardinality(found), 0) <= most then coalesce(found, '{}') end;
        end
        $$
    """)
    with op.get_context().autocommit_block():
        for table in TABLES:
            op.execute(f"drop index concurrently if exists ix_{table}_words")
            op.execute(f"""
                create index concurrently ix_{table}_words on {table} using gin (
                    (to_tsvector('simple'::regconfig, search) || array_to_tsvector(array[tenant_id::text]))
                )
            """)


def downgrade() -> None:
    for table in TABLES:
        op.drop_index(f"ix_{table}_words", table)
    op.execute("drop function found_by_words(text, text, integer)")
