"""PostgreSQL: the declarative base, engines by role, and the session of one request.

Three roles stand behind each service's login: `<name>_owner` owns the tables and migrates, `<name>_app` serves
requests under row-level security, `<name>_worker` serves all tenants. A connection picks its role as it opens, so a
forgotten tenant shows nothing instead of everything.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

import orjson
import uuid_utils.compat
from fastapi import Depends, Request
from sqlalchemy import DateTime, MetaData, Numeric, UniqueConstraint, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from chassis import connection
from chassis.auth import Principal, authenticated

JsonObject = dict[str, Any]
Role = Literal["owner", "app", "worker"]
Sessions = async_sessionmaker[AsyncSession]

TENANT = "nullif(current_setting('app.tenant', true), '')::uuid"


def uuid7() -> UUID:
    """A new UUIDv7: ordered by time, so that indexes grow at their end."""
    return uuid_utils.compat.uuid7()


NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
TYPES: dict[Any, Any] = {
    datetime: DateTime(timezone=True),
    Decimal: Numeric(19, 4),
    UUID: Uuid(),
    dict: JSONB,
    JsonObject: JSONB,
}

Summed = Annotated[Decimal, mapped_column(Numeric(28, 4))]
"""A column that adds up what other rows have: it holds 10^9 times the greatest number that one of them can have."""


class Tenanted:
    """Every table belongs to a tenant. The column fills itself from the transaction; row-level security guards it."""

    tenant_id: Mapped[UUID] = mapped_column(server_default=text(TENANT))


class Base(Tenanted, DeclarativeBase):
    """The tables of the chassis itself.

    Each service declares a base like this one in its `tables.py`: two services may call a table the same.
    """

    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map = TYPES


def storable(words: str) -> str:
    """A text that PostgreSQL takes: NUL and lone surrogates are written as escapes."""
    return words.encode("utf-8", "backslashreplace").decode().replace("\x00", "\\x00")


def unique(*columns: str, **options: Any) -> UniqueConstraint:
    """A constraint that holds inside one tenant."""
    return UniqueConstraint("tenant_id", *columns, **options)


def place(url: str) -> str:
    """Which database an address names, and where: for people, without the login."""
    address = make_url(url)
    where = address.host or address.query.get("host", "localhost")
    return f"{address.database} at {where}"


def create_engine(
    url: str, service: str, role: Role, *, pool_size: int = 10, timeouts: Mapping[str, str] | None = None
) -> AsyncEngine:
    """An engine whose connections act as `<service>_<role>`; `timeouts` are settings of the server."""
    return engine_as(
        url,
        {"role": f"{service}_{role}", "application_name": f"{service}-{role}", **(timeouts or {})},
        command_timeout_seconds=60,
        pool_size=pool_size,
        max_overflow=pool_size,
        # A request should not meet a connection that died in the pool. A worker tries again by itself.
        pool_pre_ping=role == "app",
        json_serializer=lambda value: orjson.dumps(value).decode(),
        json_deserializer=orjson.loads,
    )


def engine_as(
    url: str, server_settings: Mapping[str, str], *, command_timeout_seconds: float | None = None, **options: Any
) -> AsyncEngine:
    """An engine on an address as libpq reads it, whose connections begin with these settings of the server."""
    shown = make_url(url).set(drivername="postgresql+asyncpg", query={})
    return create_async_engine(
        shown, async_creator=lambda: connection.connect(url, server_settings, command_timeout_seconds), **options
    )


def session_factory(engine: AsyncEngine) -> Sessions:
    """Sessions that keep what they loaded readable after the commit."""
    return async_sessionmaker(engine, expire_on_commit=False, autoflush=False)


@asynccontextmanager
async def transaction(sessions: Sessions, tenant: UUID | None = None) -> AsyncIterator[AsyncSession]:
    """One transaction, in the name of `tenant`; without one only a worker's role sees anything."""
    async with sessions() as session, session.begin():
        if tenant is not None:
            session.info["tenant"] = tenant
            await session.execute(text("select set_config('app.tenant', :tenant, true)"), {"tenant": str(tenant)})
        yield session


async def wait_at_most(session: AsyncSession, milliseconds: int) -> None:
    """From here to the end of the transaction, give up on a locked row after this long (SQLSTATE 55P03)."""
    await session.execute(text(f"set local lock_timeout = '{milliseconds:d}ms'"))


async def request_session(
    request: Request, principal: Annotated[Principal, Depends(authenticated)]
) -> AsyncIterator[AsyncSession]:
    """The session of one request: committed before the response is sent, rolled back by any error."""
    async with transaction(request.app.state.sessions, principal.tenant) as session:
        session.info["actor"] = principal.subject
        yield session


Session = Annotated[AsyncSession, Depends(request_session, scope="function")]


NOT_NOW = ("08", "40", "53", "55", "57")
"""SQLSTATE classes that concern the connection or the server: connection, rollback, resources, locks, operator."""


def sqlstate(error: Exception) -> str | None:
    """The five characters by which PostgreSQL names an error; None when it is not the server's."""
    state = getattr(error.orig, "sqlstate", None) if isinstance(error, DBAPIError) else None
    return str(state) if state else None


def is_passing(error: Exception) -> bool:
    """Whether the error concerns the connection or the server, and not the values of a statement: it may pass."""
    if isinstance(error, OSError | PoolTimeout):
        return True
    if not isinstance(error, DBAPIError):
        return False
    if error.connection_invalidated:
        return True
    if (state := sqlstate(error)) is not None:
        return state.startswith(NOT_NOW)
    # Without a state the driver failed itself: at a value that it cannot encode, or at its connection.
    return not isinstance(error.orig.__cause__ if error.orig else None, ValueError)


def trace_of(error: Exception) -> Exception | None:
    """What a log line takes as `exc_info`; nothing of an error of the database, whose trace holds a record's values."""
    return None if isinstance(error, DBAPIError) else error
