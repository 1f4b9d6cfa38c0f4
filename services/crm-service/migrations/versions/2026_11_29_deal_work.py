"""Contacts, competitors and checks of a deal, how often its close moved, its place on the board, and its search."""

from alembic import op

revision = "deal_work"
down_revision = "bookings"

COLUMNS = ("contacts", "competitors", "checks", "close_moved", "position", "search")


def upgrade() -> None:
    op.execute("""
        alter table deals
            add column contacts jsonb not null default '[]',
            add column competitors jsonb not null default '[]',
            add column checks jsonb not null default '[]',
            add column close_moved integer not null default 0,
            add column position double precision not null default extract(epoch from now()),
            add column search text not null default ''
    """)
    op.execute(r"""
        update deals set
            position = placed.position,
            search = btrim(regexp_replace(
                regexp_replace(lower(normalize(name, nfkd)), '[\u0300-\u036f]', '', 'g'), '[^[:alnum:]]+', ' ', 'g'
            ))
        from (
            select id, row_number() over (partition by tenant_id order by expected_close nulls last, id) as position
            from deals
        ) placed
        where placed.id = deals.id
    """)


def downgrade() -> None:
    op.execute(f"alter table deals {', '.join(f'drop column {column}' for column in COLUMNS)}")
