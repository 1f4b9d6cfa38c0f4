"""Formats of numbers, declared per tenant. A counter is named by the text before the digits of its numbers."""

from collections.abc import Mapping

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrating.columns import tenant_id
from migrating.counters import create_next_number

Prefixes = Mapping[str, str]
"""A counter's name before this change -> its name after it. All others only get a hyphen."""


def upgrade(prefixes: Prefixes) -> None:
    op.create_table(
        "number_formats",
        tenant_id(),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", postgresql.JSONB(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "name", name=op.f("pk_number_formats")),
    )
    op.execute("lock table counters in exclusive mode")  # Nobody takes a number while its counter is renamed.
    _rename(prefixes, "name || '-'")
    # The version that still runs takes its numbers by this one; its prefix is what the counter is called now.
    create_next_number("prefix")
    # The counter's row is locked until the transaction ends: no number twice, and none lost by a rollback.
    op.execute("""
        create function take_number(series text, prefix text, digits integer, per_year boolean, year integer)
        returns text language sql volatile as $$
            with declared as (
                select max(value ->> 'prefix') as prefix, max((value ->> 'digits')::integer) as digits,
                    bool_or((value ->> 'per_year')::boolean) as per_year
                from number_formats
                where name = $1 and tenant_id = nullif(current_setting('app.tenant', true), '')::uuid
            ), format as (
                select coalesce(declared.digits, $3) as digits, coalesce(declared.prefix, $2)
                    || case when coalesce(declared.per_year, $4) then lpad($5::text, 4, '0') || '-' else '' end as start
                from declared
            ), taken as (
                insert into counters as present (name, value) select start, 1 from format
                on conflict (tenant_id, name) do update set value = present.value + 1
                returning value
            )
            select start || lpad(taken.value::text, greatest(format.digits, length(taken.value::text)), '0')
            from format, taken
        $$
    """)


def downgrade(prefixes: Prefixes) -> None:
    op.execute("drop function take_number")
    create_next_number("counter")
    _rename({prefix: name for name, prefix in prefixes.items()}, "rtrim(name, '-')")
    op.drop_table("number_formats")


def _rename(names: Mapping[str, str], otherwise: str) -> None:
    cases = " ".join(f"when '{before}' then '{after}'" for before, after in names.items())
    op.execute(f"update counters set name = case name {cases} else {otherwise} end")  # noqa: S608  (a revision's words)
