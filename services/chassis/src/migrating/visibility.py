"""Policies that limit callers to rows of certain owners, and the setting of roles that decides on it."""

from alembic import op

OWNERS = "nullif(current_setting('app.owners', true), '')"
SEEN = f"case when (select {OWNERS} is null) then true else owner_id = any ((select {OWNERS}::uuid[])::uuid[]) end"
"""Computed once in a statement; it costs a comparison for each row."""


def upgrade(service: str, tables: tuple[str, ...]) -> None:
    """Limit what requests read of these tables; the worker's role reads all rows."""
    op.execute("alter table roles add column if not exists visibility text")
    for table in tables:
        op.execute(f"drop policy if exists owners on {table}")
        op.execute(f"create policy owners on {table} as restrictive for select to {service}_app using ({SEEN})")


def downgrade(tables: tuple[str, ...]) -> None:
    """Remove the policies and the setting."""
    for table in tables:
        op.execute(f"drop policy owners on {table}")
    op.execute("alter table roles drop column visibility")
