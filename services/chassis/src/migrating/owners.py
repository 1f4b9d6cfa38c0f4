"""The owner of a record is an employee; texts stay until one is matched."""

from alembic import op


def upgrade(tables: tuple[str, ...]) -> None:
    for table in tables:
        reference = f"fk_{table}_tenant_id_owner_id"
        op.execute(f"alter table {table} add column if not exists owner_id uuid")
        op.execute(f"alter table {table} drop constraint if exists {reference}")
        op.execute(
            f"alter table {table} add constraint {reference} foreign key (tenant_id, owner_id)"
            " references employees (tenant_id, id) not valid"
        )
        with op.get_context().autocommit_block():
            op.execute(f"alter table {table} validate constraint {reference}")
            for name, columns in _indexes(table).items():
                op.execute(f"drop index concurrently if exists {name}")
                op.execute(f"create index concurrently {name} on {table} {columns}")


def downgrade(tables: tuple[str, ...]) -> None:
    for table in tables:
        op.execute(f"drop index ix_{table}_unmatched")
        op.execute(f"alter table {table} drop column owner_id")


def _indexes(table: str) -> dict[str, str]:
    return {
        f"ix_{table}_tenant_id_owner_id": "(tenant_id, owner_id)",
        f"ix_{table}_unmatched": "(tenant_id, owner) where owner is not null",
    }
