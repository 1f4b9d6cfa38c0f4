"""Formats of numbers, declared per tenant. A counter is named by the text before the digits of its numbers."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "numbers"
down_revision = "imports"
branch_labels = None
depends_on = None


def upgrade() -> None:
    tenant = sa.text("nullif(current_setting('app.tenant', true), '')::uuid")
    op.create_table(
        "number_formats",
        sa.Column("tenant_id", sa.Uuid(), server_default=tenant, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", postgresql.JSONB(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "name", name=op.f("pk_number_formats")),
    )
    op.execute("lock table counters in exclusive mode")  # Nobody takes a number while its counter is renamed.
    op.execute("""
        update counters set name = case name
            when 'customer' then 'C-' when 'product' then 'P-' when 'order' then 'O-'
            when 'shipment' then 'S-' when 'return' then 'R-'
            else name || '-'
        end
    """)
    # The version that still runs takes its numbers by this one; its prefix is what the counter is called now.
    op.execute("""
        create or replace function next_number(counter text, prefix text) returns text language sql volatile as $$
            insert into counters as present (name, value) values (prefix, 1)
            on conflict (tenant_id, name) do update set value = present.value + 1
            returning prefix || lpad(value::text, greatest(6, length(value::text)), '0')
        $$
    """)
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
    op.execute("alter table customers alter number set default take_number('customer', 'C-', 6, false, 0)")


def downgrade() -> None:
    op.execute("alter table customers alter number set default next_number('customer', 'C-')")
    op.execute("drop function take_number")
    op.execute("""
        create or replace function next_number(counter text, prefix text) returns text language sql volatile as $$
            insert into counters as present (name, value) values (counter, 1)
            on conflict (tenant_id, name) do update set value = present.value + 1
            returning prefix || lpad(value::text, greatest(6, length(value::text)), '0')
        $$
    """)
    op.execute("""
        update counters set name = case name
            when 'C-' then 'customer' when 'P-' then 'product' when 'O-' then 'order'
            when 'S-' then 'shipment' when 'R-' then 'return'
            else rtrim(name, '-')
        end
    """)
    op.drop_table("number_formats")
