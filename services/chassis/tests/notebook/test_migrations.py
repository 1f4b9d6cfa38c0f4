"""A migrated database: every table under row-level security, every role with what it needs and no more."""

import asyncio
from uuid import uuid4

import asyncpg
import pytest
from chassis.db import Sessions, create_engine, session_factory, transaction
from chassis.migrations import RolesMissing, migrate
from chassis.outbox import OutboxRow
from chassis.testing import OTHER_TENANT, TENANT
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine
from stack.provision import provision

from .conftest import VERSIONS
from .notes import Base, Note, enter

pytestmark = pytest.mark.servers

SHARED = {"alembic_version", "read_positions", "topic_logs", "worker_tasks"}
"""Tables that belong to no tenant."""


async def visible(sessions: Sessions, tenant: object) -> int:
    async with transaction(sessions, tenant) as session:  # type: ignore[arg-type]  # also a tenant that is none
        return await session.scalar(select(func.count()).select_from(Note)) or 0


async def schema(sessions: Sessions) -> list[tuple[str, ...]]:
    """Every column with its type; and the revision of the tables, as one more of them."""
    found = text("""
        select table_name, column_name, data_type from information_schema.columns where table_schema = 'public'
        union all select 'alembic_version', version_num, '' from alembic_version
        order by 1, 2
        """)
    async with transaction(sessions) as session:
        return [tuple(row) for row in await session.execute(found)]


async def test_every_table_with_a_tenant_is_under_row_level_security(emptied: Sessions) -> None:
    tables = text(
        "select relname, relrowsecurity from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace"
    )
    async with transaction(emptied) as session:
        secured = {row.relname: row.relrowsecurity for row in await session.execute(tables)}
    assert {"notes", "outbox", "outbox_sent", "idempotency_keys"} <= secured.keys()
    assert {name for name, on in secured.items() if not on} == SHARED


async def test_a_tenant_sees_its_own_rows_and_a_worker_all_until_it_acts_for_one(
    notebook: str, emptied: Sessions
) -> None:
    app = create_engine(notebook, "notebook", "app")
    sessions = session_factory(app)
    async with transaction(sessions, TENANT) as session:
        enter(session)
    assert await visible(sessions, TENANT) == 1
    assert await visible(sessions, OTHER_TENANT) == 0
    assert await visible(sessions, None) == 0
    assert await visible(emptied, None) == 1
    assert (await visible(emptied, TENANT), await visible(emptied, OTHER_TENANT)) == (1, 0)
    async with transaction(emptied) as session:
        assert (await session.scalars(select(Note.tenant_id))).all() == [TENANT]
        assert (await session.scalars(select(OutboxRow.tenant_id))).all() == [TENANT]
    await app.dispose()


async def test_a_row_cannot_be_written_for_another_tenant_nor_for_none(notebook: str, emptied: Sessions) -> None:
    app = create_engine(notebook, "notebook", "app")
    sessions = session_factory(app)
    for statement, tenant in (
        ("insert into notes (id, tenant_id, title, tags) values (:id, :other, 'x', '{}')", TENANT),
        ("insert into notes (id, title, tags) values (:id, 'x', '{}')", None),
    ):
        with pytest.raises(DBAPIError):
            async with transaction(sessions, tenant) as session:
                values = {"id": uuid4(), "other": OTHER_TENANT}
                await session.execute(text(statement), values if ":other" in statement else {"id": values["id"]})
    await app.dispose()


async def test_the_application_is_neither_superuser_nor_owner_and_changes_no_tables(notebook: str) -> None:
    app = create_engine(notebook, "notebook", "app")
    async with app.connect() as connection:
        row = (
            await connection.execute(text("select rolsuper, rolbypassrls from pg_roles where rolname = current_user"))
        ).one()
        owners = await connection.scalars(text("select distinct tableowner from pg_tables where schemaname = 'public'"))
        assert not row.rolsuper and not row.rolbypassrls
        assert set(owners) == {"notebook_owner"}
    for forbidden in ("drop table notes", "alter table notes disable row level security", "truncate notes"):
        with pytest.raises(DBAPIError):
            async with app.begin() as connection:
                await connection.execute(text(forbidden))
    await app.dispose()


async def test_the_application_reads_shared_tables_and_only_the_worker_writes_them(
    notebook: str, engine: AsyncEngine
) -> None:
    app = create_engine(notebook, "notebook", "app")
    insert = text("insert into read_positions values ('t', 0, 1) on conflict do nothing")
    with pytest.raises(DBAPIError):
        async with app.begin() as connection:
            await connection.execute(insert)
    async with engine.begin() as connection:
        await connection.execute(insert)
    async with app.connect() as connection:
        assert (await connection.execute(text("select count(*) from read_positions"))).scalar_one() >= 0
    await app.dispose()


async def test_migrating_again_changes_nothing(notebook: str, emptied: Sessions) -> None:
    async with transaction(emptied, TENANT) as session:
        enter(session)
    before = await schema(emptied)
    async with asyncio.timeout(60):
        await asyncio.to_thread(migrate, notebook, "notebook", Base.metadata, VERSIONS)
    assert await schema(emptied) == before
    assert await visible(emptied, TENANT) == 1


async def test_without_rights_to_make_roles_the_statements_to_run_are_told(postgres: str) -> None:
    address = await asyncio.to_thread(provision, postgres, "notebook", None, "notebook_bare")
    admin = await asyncpg.connect(postgres)
    if not await admin.fetchval("select 1 from pg_roles where rolname = 'bare'"):
        await admin.execute("create role bare login noinherit; grant connect on database notebook_bare to bare")
    await admin.close()
    with pytest.raises(RolesMissing, match="create role bare_owner nologin"):
        await asyncio.to_thread(migrate, address.replace("notebook@", "bare@"), "bare", Base.metadata, VERSIONS)
