"""The pytest plugin: a real PostgreSQL, migrated once, and a session whose work is rolled back after each test.

The tests of a service define the fixtures `service` and `scopes` (and `roles` where they differ). Then there are
`address`, `sessions`, `session`, and the callers `api`, `stranger` and `with_scopes`.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple, Protocol
from uuid import UUID

import httpx
import pytest
import sealing
import structlog
from adjustments.garbage import collect_seldom
from fastapi import FastAPI
from sqlalchemy import MetaData, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, async_sessionmaker
from stack.kafka import Kafka
from stack.postgres import Postgres
from stack.provision import provision
from starlette.types import Receive, Scope, Send

from chassis import clock
from chassis.auth import Principal, authenticated
from chassis.db import Role, Sessions, WritingSession, create_engine, session_factory
from chassis.errors import Malformed
from chassis.migrations import migrate
from chassis.replication import Kind
from chassis.service import Service
from chassis.settings import zone_of

TENANT = UUID("00000000-0000-7000-8000-000000000001")
OTHER_TENANT = UUID("00000000-0000-7000-8000-000000000002")


def pytest_collection_finish() -> None:
    """The collector does not examine all modules again and again."""
    collect_seldom()


@pytest.fixture(scope="session", autouse=True)
def _plain_logs() -> None:
    """Coloured tracebacks with all variables take seconds each."""
    structlog.configure(processors=[structlog.processors.format_exc_info, structlog.processors.KeyValueRenderer()])


@contextmanager
def time_is(instant: str, zone: str = "UTC") -> Iterator[None]:
    """Set the clock of this process to an instant, and dates to a time zone."""
    moment = datetime.fromisoformat(instant)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "now", lambda: moment)
        patch.setattr(clock, "_zone", zone_of(zone))
        yield


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The administrator's address of an empty PostgreSQL of this test process."""
    with Postgres(tmp_path_factory.mktemp("postgres"), fast=True) as server:
        yield server.url


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    """An empty Kafka of this test process."""
    with Kafka(tmp_path_factory.mktemp("kafka")) as server:
        yield server


@pytest.fixture
def kafka(broker: Kafka) -> Kafka:
    """A Kafka that runs, and that a test may kill."""
    broker.start()
    return broker


class Database(Protocol):
    """Makes databases."""

    def __call__(self, service: str, metadata: MetaData, versions: Path, apart: str = "") -> str: ...


@pytest.fixture(scope="session")
def database(postgres: str) -> Database:
    """`database(service, metadata, versions)`: a migrated database's address, the same one for the same service.

    Tests that commit use a separate database, by the name in `apart`. Each is a copy of one that was migrated.
    """
    made: dict[str, str] = {}

    def make(service: str, metadata: MetaData, versions: Path, apart: str = "") -> str:
        name, template = f"{service}_{apart}" if apart else service, f"{service}_template"
        if template not in made:
            made[template] = provision(postgres, service, database=template)
            migrate(made[template], service, metadata, versions)
        if name not in made:
            made[name] = provision(postgres, service, database=name, template=template)
        return made[name]

    return make


@pytest.fixture(scope="module")  # Not of the session: tests of several services may run in one process.
def address(database: Database, service: Service) -> str:
    """The migrated database of the service."""
    return database(service.name, service.metadata, service.versions)


@pytest.fixture
async def sessions(address: str, service: Service) -> AsyncIterator[Sessions]:
    async with rolled_back(address, service.name) as made:
        yield made


@pytest.fixture
async def session(sessions: Sessions) -> AsyncIterator[AsyncSession]:
    """A session of the first tenant, as the application has it."""
    async with sessions() as made:
        await act_for(made)
        yield made


@pytest.fixture(scope="module")
def committed(database: Database, service: Service, request: pytest.FixtureRequest) -> str:
    """The address of a database in which the tests of one module really commit."""
    module = f"{request.path.parent.name}_{request.path.stem}".replace("-", "_")
    return database(service.name, service.metadata, service.versions, module)


@pytest.fixture
async def committing(committed: str, service: Service) -> AsyncIterator[Sessions]:
    """Sessions of the application that really commit."""
    async with _committing(committed, service, "app") as made:
        yield made


@pytest.fixture
async def working(committed: str, service: Service) -> AsyncIterator[Sessions]:
    """Sessions of the worker that really commit."""
    async with _committing(committed, service, "worker") as made:
        yield made


@pytest.fixture(scope="session")
def roles() -> str:
    return ""


@pytest.fixture
async def api(service: Service, sessions: Sessions, scopes: str, roles: str) -> AsyncIterator[httpx.AsyncClient]:
    """Anna, of the first tenant, with all scopes of the tests."""
    async with caller(service, sessions, scopes, roles=roles) as client:
        yield client


@pytest.fixture
async def stranger(service: Service, sessions: Sessions, scopes: str) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody of another tenant, with the same scopes there."""
    async with caller(service, sessions, scopes, OTHER_TENANT, "bert") as client:
        yield client


@pytest.fixture
def with_scopes(service: Service, sessions: Sessions) -> Callable[[str], httpx.AsyncClient]:
    return lambda granted: caller(service, sessions, granted)


@asynccontextmanager
async def _committing(url: str, service: Service, role: Role) -> AsyncIterator[Sessions]:
    engine = create_engine(url, service.name, role)
    yield session_factory(engine)
    await engine.dispose()


@asynccontextmanager
async def rolled_back(url: str, service: str, role: Role = "app") -> AsyncIterator[Sessions]:
    """Sessions on one connection whose commits are savepoints; everything is rolled back at the end."""
    async with _engine(url, service, role).connect() as connection:
        outer = await connection.begin()
        yield _savepoints(connection)
        await outer.rollback()


@asynccontextmanager
async def undone(sessions: Sessions) -> AsyncIterator[None]:
    """Undo what sessions of `rolled_back` write inside the block; earlier writes stay."""
    savepoint = await sessions.kw["bind"].begin_nested()
    yield
    await savepoint.rollback()


@lru_cache
def _engine(url: str, service: str, role: Role) -> AsyncEngine:
    """One for all tests of a process: opening a connection for each costs more than most tests."""
    return create_engine(url, service, role, pool_size=2)


def _savepoints(connection: AsyncConnection) -> Sessions:
    return async_sessionmaker(
        connection,
        class_=WritingSession,
        expire_on_commit=False,
        autoflush=False,
        join_transaction_mode="create_savepoint",
    )


async def act_for(session: AsyncSession, tenant: UUID = TENANT) -> None:
    """Set the tenant of a test's session, as a request's token does."""
    session.info["tenant"] = tenant
    await session.execute(text("select set_config('app.tenant', :tenant, true)"), {"tenant": str(tenant)})


def caller(
    service: Service,
    sessions: Sessions,
    scopes: str,
    tenant: UUID = TENANT,
    subject: str = "anna",
    roles: str = "",
    owners: frozenset[UUID] | None = None,
) -> httpx.AsyncClient:
    """A client of the service in this process, with these scopes; tokens are tested separately."""
    named = frozenset(roles.split())
    principal = Principal(subject, tenant, frozenset(scopes.split()), "test", named, owners=owners)
    app = application(service)

    async def called(scope: Scope, receive: Receive, send: Send) -> None:
        token = _call.set(_Call(principal, sessions))
        try:
            await app(scope, receive, send)
        finally:
            _call.reset(token)

    return httpx.AsyncClient(transport=httpx.ASGITransport(called), base_url="http://service.test")


class _Call(NamedTuple):
    principal: Principal
    sessions: Sessions


_call: ContextVar[_Call] = ContextVar("call")
_applications: dict[str, tuple[Service, FastAPI]] = {}


def application(service: Service) -> FastAPI:
    """One for all tests of a process: it and its OpenAPI document take seconds to make, its first request prepares all
    routes.

    Each request carries its caller and its sessions.
    """
    known = _applications.get(service.name)
    if known is None or known[0] is not service:
        app = service.app(
            service.settings(
                database_url="postgresql://not.used", files_url="memory:///", sealing_keys=(sealing.new_key(),)
            )
        )
        app.state.sessions = lambda: _call.get().sessions()
        app.dependency_overrides[authenticated] = _caller
        known = _applications[service.name] = (service, app)
    return known[1]


async def _caller() -> Principal:
    return _call.get().principal


def item(canonical_id: UUID, /, *, rev: int = 1, seen_seq: int = 0, **groups: Any) -> dict[str, Any]:
    """One item of a delivery to the port of replication; `tag__vip=` stands for the group `tag:vip`."""
    values = [{"group": name.replace("__", ":"), "value": value, "rev": rev} for name, value in groups.items()]
    return {"canonical_id": str(canonical_id), "seen_seq": seen_seq, "hlc": 1, "groups": values}


async def delivered(api: httpx.AsyncClient, kind: str, *items: dict[str, Any]) -> list[dict[str, Any]]:
    """The outcomes of a delivery."""
    answer = await api.post(f"/replication/v1/{kind}", json={"items": list(items)})
    assert answer.status_code == 200, answer.text
    outcomes: list[dict[str, Any]] = answer.json()["items"]
    return outcomes


async def brought(api: httpx.AsyncClient, kind: str, item: dict[str, Any]) -> str:
    """Deliver one item, which must be applied; returns the local id of its record."""
    (outcome,) = await delivered(api, kind, item)
    assert outcome["outcome"] == "applied", outcome
    return str(outcome["local_id"])


def refuses(kind: Kind, row: Any, key: str, value: object) -> None:
    """A delivered value is malformed, and changes nothing of the row."""
    before, group = kind.read(row), kind.group(key)
    assert group is not None
    with pytest.raises(Malformed):
        group.write(row, key, value)
    assert kind.read(row) == before


@asynccontextmanager
async def while_running(run: Callable[[asyncio.Event], Coroutine[Any, Any, None]]) -> AsyncIterator[None]:
    """Inside the block a loop of the worker runs; it stops within 30 seconds."""
    stop = asyncio.Event()
    task = asyncio.create_task(run(stop))
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait_for(task, 30)
