"""The tables with rows of a tenant, as the database has them: none is forgotten that a module added later."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

OF_TENANTS = text("""
    select c.relname from pg_class c
    where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace
        and exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id')
    order by c.relname
    """)


async def tables(session: AsyncSession | AsyncConnection) -> Sequence[str]:
    """The names of all tables whose rows belong to tenants."""
    return list(await session.scalars(OF_TENANTS))


async def rows_of(session: AsyncSession | AsyncConnection, tenant: UUID) -> dict[str, int]:
    """The number of a tenant's rows by table, without the tables that have none."""
    found = {}
    for table in await tables(session):
        counted = text(f'select count(*) from "{table}" where tenant_id = :tenant')  # noqa: S608  (a name of the catalogue)
        found[table] = await session.scalar(counted, {"tenant": tenant}) or 0
    return {table: rows for table, rows in found.items() if rows}
