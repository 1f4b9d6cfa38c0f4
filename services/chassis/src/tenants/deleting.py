"""The deletion of a tenant: every row in one transaction of the tables' owner."""

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from tenants.tables import rows_of, tables

ALLOW = text("select set_config('app.deleted_tenant', :tenant, true)")
"""The trigger of the audit log lets the owner delete a tenant as a whole."""
CLOSE = text("""
    insert into tenants (tenant_id, name, created_at, suspended_at, reason)
    values (:tenant, '', now(), now(), 'It was deleted.')
    """)


class SomethingRemains(Exception):
    """Rows of the tenant are left: nothing was deleted."""


async def delete_rows(connection: AsyncConnection, tenant: UUID) -> dict[str, int]:
    """Delete all rows of a tenant, referring ones first; returns their number by table.

    Raises `SomethingRemains`.
    """
    await connection.execute(ALLOW, {"tenant": str(tenant)})
    deleted: dict[str, int] = {}
    left = list(await tables(connection))
    while left:
        refused = [table for table in left if not await _delete(connection, table, tenant, deleted)]
        if len(refused) == len(left):
            raise SomethingRemains(f"{', '.join(left)} refer to each other")
        left = refused
    if remaining := await rows_of(connection, tenant):
        raise SomethingRemains(f"rows were added meanwhile: {remaining}")
    return {table: rows for table, rows in sorted(deleted.items()) if rows}


async def close(connection: AsyncConnection, tenant: UUID) -> None:
    """Refuse the tokens of a deleted tenant from now on: one of a trusted issuer would begin it anew."""
    await connection.execute(CLOSE, {"tenant": tenant})


async def _delete(connection: AsyncConnection, table: str, tenant: UUID, deleted: dict[str, int]) -> bool:
    statement = text(f'delete from "{table}" where tenant_id = :tenant')  # noqa: S608  (a name of the catalogue)
    try:
        async with connection.begin_nested():
            done = await connection.execute(statement, {"tenant": tenant})
    except IntegrityError:
        return False
    deleted[table] = deleted.get(table, 0) + done.rowcount
    return True
