"""The verb `key`: makes, lists and revokes API keys on the command line, where the database is the authority."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Annotated
from uuid import UUID

import typer
from chassis import clock
from chassis.audit import note
from chassis.db import create_engine, session_factory, transaction
from chassis.errors import Problem
from chassis.settings import Settings, load
from contracts.scopes import SCOPES
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from access.api_keys import commands
from access.api_keys.models import ApiKey
from access.api_keys.schemas import MOST_DAYS

FIRST_TENANT = UUID("00000000-0000-7000-8000-000000000001")
ACTOR = "command line"
MOST_LISTED = 200
Tenant = Annotated[UUID, typer.Option(help="The tenant of the key.")]
Work = Callable[[AsyncSession], Awaitable[None]]


def add_keys(verbs: typer.Typer, service: str, settings_type: type[Settings]) -> None:
    """Give a service the verb."""
    keys = typer.Typer(no_args_is_help=True, help="Make, list and revoke API keys.")

    def run(tenant: UUID, work: Work) -> None:
        try:
            asyncio.run(_run(load(settings_type, service), service, tenant, work))
        except Problem as problem:
            raise SystemExit(f"{problem} {problem.hint}") from None

    @keys.command()
    def create(
        name: Annotated[str, typer.Argument(help="What the key is for.")],
        scopes: Annotated[str, typer.Option(help="Its scopes, separated by spaces: 'products:read orders:write'.")],
        days: Annotated[int, typer.Option(min=1, max=MOST_DAYS, help="The days until it expires.")] = 90,
        tenant: Tenant = FIRST_TENANT,
    ) -> None:
        """Print a new key. It is not shown again."""
        named = set(scopes.split())
        if not named or named - SCOPES.keys():
            raise SystemExit(
                f"There is no scope {' '.join(sorted(named - SCOPES.keys()))}. There are: {' '.join(SCOPES)}."
            )

        async def work(session: AsyncSession) -> None:
            until = clock.now() + timedelta(days=days)
            row, key = await commands.create(session, tenant, name[:200], named, until, ACTOR)
            note(session, "create_api_key", {"api_key_id": str(row.id), "scopes": row.scopes}, ACTOR)
            typer.echo(f"{row.id} expires on {row.expires_at:%Y-%m-%d}.", err=True)
            typer.echo(key)

        run(tenant, work)

    @keys.command("list")
    def list_keys(tenant: Tenant = FIRST_TENANT) -> None:
        """Print the newest keys, without their secrets."""

        async def work(session: AsyncSession) -> None:
            for row in await session.scalars(select(ApiKey).order_by(ApiKey.created_at.desc()).limit(MOST_LISTED)):
                typer.echo(_line(row))

        run(tenant, work)

    @keys.command()
    def revoke(key_id: Annotated[UUID, typer.Argument(help="The id of a key.")], tenant: Tenant = FIRST_TENANT) -> None:
        """Revoke a key: services refuse it within five seconds."""

        async def work(session: AsyncSession) -> None:
            typer.echo(_line(await commands.revoke(session, key_id, ACTOR)))
            note(session, "revoke_api_key", {"api_key_id": str(key_id)}, ACTOR)

        run(tenant, work)

    verbs.add_typer(keys, name="key")


async def _run(settings: Settings, service: str, tenant: UUID, work: Work) -> None:
    engine = create_engine(settings.database_url, service, "worker", pool_size=1)
    try:
        async with transaction(session_factory(engine), tenant) as session:
            await work(session)
    finally:
        await engine.dispose()


def _line(row: ApiKey) -> str:
    state = "active" if row.in_force(clock.now()) else "revoked" if row.revoked_at else "expired"
    used = f"{row.last_used_at:%Y-%m-%d %H:%M}" if row.last_used_at else "never"
    return f"{row.id}  {state:8}  last use {used:16}  until {row.expires_at:%Y-%m-%d}  {row.name}"
