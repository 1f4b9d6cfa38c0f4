"""Counters, and the function that takes the next number of one."""

from alembic import op

from migrating.columns import TENANT


def upgrade() -> None:
    op.execute(f"""
        create table counters (
            tenant_id {TENANT},
            name text not null,
            value bigint not null,
            constraint pk_counters primary key (tenant_id, name)
        )
    """)
    create_next_number("counter")


def downgrade() -> None:
    op.execute("drop function next_number")
    op.execute("drop table counters")


def create_next_number(counter: str) -> None:
    """The counter's row is locked until the transaction ends: no number twice, a gap after a rollback at most."""
    op.execute(f"""
        create or replace function next_number(counter text, prefix text) returns text language sql volatile as $$
            insert into counters as present (name, value) values ({counter}, 1)
            on conflict (tenant_id, name) do update set value = present.value + 1
            returning prefix || lpad(value::text, greatest(6, length(value::text)), '0')
        $$
    """)  # noqa: S608  (an argument's name)
