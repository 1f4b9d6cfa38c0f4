"""Migrations: one shared alembic environment; a service brings its metadata and its folder of versions.

After the last version every table with a tenant is put under row-level security and every grant is made, so that no
migration can forget it.
"""

import asyncio
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import MetaData, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.db import TENANT, engine_as

ROLES = ("owner", "app", "worker")


class RolesMissing(SystemExit):
    """The database was not prepared, and this login may not prepare it."""


def migrate(url: str, service: str, metadata: MetaData, versions: Path, *, check: bool = False) -> None:
    """Bring the database to the newest version; with `check`, fail when the models say something else.

    Raise `RolesMissing` with the statements to run when the service's roles are not there and cannot be made.
    """
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "environment"))
    config.set_main_option("version_locations", str(versions))
    config.set_main_option("path_separator", "newline")
    config.attributes.update(url=url, service=service, metadata=metadata)
    asyncio.run(_prepare(url, service))
    command.upgrade(config, "head")
    asyncio.run(_secure(url, service))
    if check:
        command.check(config)


def new_revision(url: str, service: str, metadata: MetaData, versions: Path, message: str) -> None:
    """Write the next version from the difference between models and database."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "environment"))
    config.set_main_option("version_locations", str(versions))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("file_template", "%%(year)d_%%(month).2d_%%(day).2d_%%(slug)s")
    config.attributes.update(url=url, service=service, metadata=metadata)
    command.revision(config, message=message, autogenerate=True)


async def _prepare(url: str, service: str) -> None:
    engine = engine_as(url, {})
    try:
        async with engine.begin() as connection:
            wanted = [f"{service}_{role}" for role in ROLES]
            ours = text("select rolname from pg_roles where rolname = any(:names) and pg_has_role(oid, 'SET')")
            found = set(await connection.scalars(ours, {"names": wanted}))
            for statement in _statements(service, [name for name in wanted if name not in found]):
                await connection.execute(text(statement))
    except DBAPIError as error:
        statements = _statements(service, [f"{service}_{role}" for role in ROLES])
        lines = ";\n".join(statements).replace("current_user", f'"{make_url(url).username}"')
        raise RolesMissing(f"{error.orig}\nRun this once as an administrator of the database:\n{lines};") from error
    finally:
        await engine.dispose()


def _statements(service: str, missing: list[str]) -> list[str]:
    statements = []
    for name in missing:
        statements += [f"create role {name} nologin", f"grant {name} to current_user"]
    if missing:
        statements.append(f"grant create, usage on schema public to {service}_owner")
    return statements


async def _secure(url: str, service: str) -> None:
    engine = engine_as(url, {"role": f"{service}_owner", "lock_timeout": "5s"})
    try:
        async with engine.begin() as connection:
            await _protect_tables(connection, service)
    finally:
        await engine.dispose()


async def _protect_tables(connection: AsyncConnection, service: str) -> None:
    app, worker = f"{service}_app", f"{service}_worker"
    tables = await connection.execute(
        text("""
            select c.relname, c.relrowsecurity,
                   exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id') as tenant,
                   exists (select from pg_policy p where p.polrelid = c.oid and p.polname = 'every_tenant'
                           and pg_get_expr(p.polqual, p.polrelid) = 'true') as unbounded
            from pg_class c where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace
              and c.relname <> 'alembic_version'
            """)
    )
    # A worker that acts for one tenant sees no other: it runs the same queries as a request.
    theirs = f"coalesce(tenant_id = {TENANT}, true)"
    for table, secured, tenant, unbounded in tables.all():
        statements = [f'grant select, insert, update, delete on "{table}" to {worker}']
        if tenant:
            statements.append(f'grant select, insert, update, delete on "{table}" to {app}')
        else:
            statements.append(f'grant select on "{table}" to {app}')
        if tenant and not secured:
            statements += [
                f'alter table "{table}" enable row level security',
                f'create policy tenant on "{table}" to {app} using (tenant_id = {TENANT}) '
                f"with check (tenant_id = {TENANT})",
                f'create policy every_tenant on "{table}" to {worker} using ({theirs}) with check ({theirs})',
            ]
        if unbounded:
            statements.append(f'alter policy every_tenant on "{table}" using ({theirs}) with check ({theirs})')
        for statement in statements:
            await connection.execute(text(statement))
    await connection.execute(text(f"grant usage, select on all sequences in schema public to {app}, {worker}"))
