"""Which tenant a transaction acts for, on connections that are used by one tenant after the other."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest
from chassis.db import Sessions, create_engine, session_factory, transaction
from chassis.testing import OTHER_TENANT, TENANT
from sqlalchemy import event, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

pytestmark = pytest.mark.servers


@pytest.fixture
async def requests(notebook: str) -> AsyncIterator[AsyncEngine]:
    """The engine of requests, with one connection."""
    engine = create_engine(notebook, "notebook", "app", pool_size=1)
    yield engine
    await engine.dispose()


@pytest.fixture
def sessions(requests: AsyncEngine) -> Sessions:
    return session_factory(requests)


async def tenant_of(session: AsyncSession) -> str | None:
    found: str | None = await session.scalar(text("select nullif(current_setting('app.tenant', true), '')"))
    return found


async def test_transactions_of_one_connection_act_each_for_its_own_tenant(sessions: Sessions) -> None:
    for tenant in (TENANT, OTHER_TENANT, None, OTHER_TENANT, TENANT, None):
        async with transaction(sessions, tenant) as session:
            assert await tenant_of(session) == (tenant and str(tenant))


async def test_the_tenant_is_set_in_the_message_that_begins_the_transaction(
    sessions: Sessions, requests: AsyncEngine
) -> None:
    statements: list[str] = []
    event.listen(requests.sync_engine, "before_cursor_execute", lambda *said: statements.append(said[2]))
    async with transaction(sessions, TENANT) as session:
        assert await tenant_of(session) == str(TENANT)
    assert len(statements) == 1


async def test_a_transaction_without_a_statement_leaves_no_tenant_behind(sessions: Sessions) -> None:
    async with transaction(sessions, TENANT) as session:
        await session.connection()
    async with transaction(sessions) as session:
        assert await tenant_of(session) is None


async def test_a_transaction_that_fails_leaves_no_tenant_behind(sessions: Sessions) -> None:
    with pytest.raises(ProgrammingError):
        async with transaction(sessions, TENANT) as session:
            await session.execute(text("select 1 from nothing_of_that_name"))
    async with transaction(sessions) as session:
        assert await tenant_of(session) is None


async def test_a_transaction_that_is_cancelled_leaves_no_tenant_behind(sessions: Sessions) -> None:
    async def slow() -> None:
        async with transaction(sessions, TENANT) as session:
            await session.execute(text("select pg_sleep(60)"))

    for seconds in (0.0, 0.001, 0.05):
        task = asyncio.create_task(slow())
        await asyncio.wait({task}, timeout=seconds)
        task.cancel()
        await asyncio.wait({task})
        async with transaction(sessions) as session:
            assert await tenant_of(session) is None


async def test_a_session_acts_for_its_tenant_in_every_transaction(sessions: Sessions) -> None:
    async with sessions() as session:
        session.info["tenant"] = TENANT
        assert await tenant_of(session) == str(TENANT)
        await session.commit()
        async with session.begin_nested():
            assert await tenant_of(session) == str(TENANT)
        await session.rollback()
        assert await tenant_of(session) == str(TENANT)
    async with transaction(sessions, OTHER_TENANT) as session:
        assert await tenant_of(session) == str(OTHER_TENANT)


async def test_many_tenants_at_once_never_see_the_tenant_of_another(notebook: str) -> None:
    engine = create_engine(notebook, "notebook", "app", pool_size=3)
    sessions = session_factory(engine)

    async def asked(number: int) -> None:
        tenant = (TENANT, OTHER_TENANT, None)[number % 3]
        async with transaction(sessions, tenant) as session:
            if number % 5:
                assert await tenant_of(session) == (tenant and str(tenant))

    await asyncio.gather(*(asked(number) for number in range(300)))
    await engine.dispose()


async def test_a_connection_that_ended_in_the_pool_is_replaced(sessions: Sessions, postgres: str) -> None:
    async with transaction(sessions) as session:
        process = await session.scalar(text("select pg_backend_pid()"))
    administrator = await asyncpg.connect(postgres)
    await administrator.execute("select pg_terminate_backend($1, 5000)", process)
    await administrator.close()
    async with transaction(sessions, TENANT) as session:
        assert await tenant_of(session) == str(TENANT)
        assert await session.scalar(text("select pg_backend_pid()")) != process
