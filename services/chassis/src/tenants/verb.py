"""The verb `tenant`: creates, suspends, resumes, exports and deletes a tenant of one service."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from access.models import RoleAssignment
from access.tenants import Tenant
from chassis import clock
from chassis.audit import note
from chassis.db import Sessions, create_engine, session_factory, transaction
from chassis.settings import Settings, load
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from tenants.archive import export
from tenants.contents import Contents
from tenants.deleting import SomethingRemains, close, delete_rows
from tenants.tables import rows_of

ACTOR = "command line"
Hook = Callable[[AsyncSession, str], Awaitable[None]]
"""What else is to be done in the transaction that suspends or resumes a tenant, by this actor."""

Id = Annotated[UUID, typer.Argument(metavar="TENANT", help="The id of the tenant, as in the claim `tenant` of tokens.")]
Name = Annotated[str, typer.Option(help="Its name, for people.")]
Admin = Annotated[str | None, typer.Option(help="The `sub` of somebody who gets the role `admin`.")]
Reason = Annotated[str, typer.Option(help="Whoever calls is told it.")]


async def nothing_else(_session: AsyncSession, _actor: str) -> None:
    """For services that do nothing else."""


class Tenants:
    """The tenants of one service, as an operator handles them."""

    def __init__(
        self, service: str, settings_type: type[Settings], contents: Contents | None, suspended: Hook, resumed: Hook
    ) -> None:
        self._service, self._settings_type, self._contents = service, settings_type, contents
        self._suspended, self._resumed = suspended, resumed

    async def create(self, sessions: Sessions, tenant: UUID, name: str, admin: str | None) -> str:
        """Note a tenant; whoever is named may assign roles then. Repeating it changes nothing."""
        async with transaction(sessions, tenant) as session:
            row = await _row(session, tenant)
            row.name = name or row.name
            if admin is not None and await session.get(RoleAssignment, {"tenant_id": tenant, "subject": admin}) is None:
                assigned = RoleAssignment(tenant_id=tenant, subject=admin, roles=["admin"], version=0)
                assigned.count_on(ACTOR)
                session.add(assigned)
                note(session, "assign_roles", {"subject": admin, "roles": ["admin"]}, ACTOR)
            note(session, "create_tenant", {"name": name}, ACTOR)
        return f"{tenant} may use {self._service}."

    async def suspend(self, sessions: Sessions, tenant: UUID, reason: str) -> str:
        """Refuse the tokens of a tenant, and leave its background work waiting."""
        async with transaction(sessions, tenant) as session:
            row = await _row(session, tenant)
            row.suspended_at, row.reason = row.suspended_at or clock.now(), reason
            await self._suspended(session, ACTOR)
            note(session, "suspend_tenant", {"reason": reason}, ACTOR)
        return f"{tenant} is suspended in {self._service}: its tokens are refused within ten seconds."

    async def resume(self, sessions: Sessions, tenant: UUID) -> str:
        """End a suspension: all that waited goes on."""
        async with transaction(sessions, tenant) as session:
            row = await _row(session, tenant)
            row.suspended_at = row.reason = None
            await self._resumed(session, ACTOR)
            note(session, "resume_tenant", {}, ACTOR)
        return f"{tenant} is active in {self._service}."

    async def export(self, sessions: Sessions, tenant: UUID, path: Path) -> str:
        """Write everything of a tenant to an archive."""
        async with transaction(sessions, tenant) as session:
            counted = await export(session, self._service, tenant, self._contents, self._settings, path)
        async with transaction(sessions, tenant) as session:
            (await _row(session, tenant)).exported_at = clock.now()
            note(session, "export_tenant", {"rows": sum(counted.values())}, ACTOR)
        return f"{path}: {sum(counted.values())} rows and files."

    async def delete(self, sessions: Sessions, owner_url: str, tenant: UUID, without_export: bool) -> str:
        """Delete everything of a suspended tenant that was exported since, prove it, and refuse its tokens for good."""
        async with transaction(sessions, tenant) as session:
            row = await session.get(Tenant, tenant)
            if row is None or row.suspended_at is None:
                raise SystemExit(f"{tenant} is not suspended in {self._service}: suspend it first, then export it.")
            if not without_export and (row.exported_at is None or row.exported_at < row.suspended_at):
                raise SystemExit(f"{tenant} was not exported since it was suspended: `tenant export` does so.")
            objects = await self._contents.remove_all(session, self._settings) if self._contents else 0
        engine = create_engine(owner_url, self._service, "owner", pool_size=1)
        try:
            async with engine.begin() as connection:
                deleted = await delete_rows(connection, tenant)
                await close(connection, tenant)
            async with engine.connect() as connection:
                remaining = {**await rows_of(connection, tenant), Tenant.__tablename__: 0}
        except SomethingRemains as reason:
            raise SystemExit(f"{tenant} was not deleted: {reason}. Stop what still writes for it.") from None
        finally:
            await engine.dispose()
        lines = [f"{table}: {rows} rows deleted" for table, rows in deleted.items()]
        return "\n".join([*lines, f"{objects} contents of files removed", f"{sum(remaining.values())} rows remain"])

    def run(self, work: Callable[[Sessions, str], Awaitable[str]]) -> None:
        """Run one verb as the worker's role, and print its outcome."""
        settings = load(self._settings_type, self._service)
        self._settings = settings

        async def ran() -> str:
            engine = create_engine(settings.database_url, self._service, "worker", pool_size=1)
            try:
                return await work(session_factory(engine), settings.database_url)
            finally:
                await engine.dispose()

        typer.echo(asyncio.run(ran()))


async def _row(session: AsyncSession, tenant: UUID) -> Tenant:
    row = await session.scalar(select(Tenant).where(Tenant.tenant_id == tenant).with_for_update())
    if row is None:
        row = Tenant(tenant_id=tenant, name="", created_at=clock.now())
        session.add(row)
    return row


def add_tenants(
    verbs: typer.Typer,
    service: str,
    settings_type: type[Settings],
    contents: Contents | None = None,
    suspended: Hook = nothing_else,
    resumed: Hook = nothing_else,
) -> None:
    """Give a service the verb."""
    group = typer.Typer(no_args_is_help=True, help="Create, suspend, resume, export and delete a tenant.")
    tenants = Tenants(service, settings_type, contents, suspended, resumed)

    @group.command()
    def create(tenant: Id, name: Name = "", admin: Admin = None) -> None:
        """Note a tenant, and give somebody in it the role `admin`."""
        tenants.run(lambda sessions, _: tenants.create(sessions, tenant, name, admin))

    @group.command()
    def suspend(tenant: Id, reason: Reason) -> None:
        """Refuse its tokens, and let its background work wait. Nothing is lost."""
        tenants.run(lambda sessions, _: tenants.suspend(sessions, tenant, reason))

    @group.command()
    def resume(tenant: Id) -> None:
        """Accept its tokens again; what waited goes on."""
        tenants.run(lambda sessions, _: tenants.resume(sessions, tenant))

    @group.command("export")
    def export_tenant(tenant: Id, path: Annotated[Path, typer.Argument(help="The archive, a new file.")]) -> None:
        """Write its rows, one JSON document a line, and the contents of its files to one archive (tar.gz)."""
        tenants.run(lambda sessions, _: tenants.export(sessions, tenant, path))

    @group.command()
    def delete(
        tenant: Id,
        without_export: Annotated[bool, typer.Option("--without-export", help="Although nobody has a copy.")] = False,
    ) -> None:
        """Delete everything of a suspended tenant that was exported since. This cannot be undone."""
        tenants.run(lambda sessions, url: tenants.delete(sessions, url, tenant, without_export))

    verbs.add_typer(group, name="tenant")
