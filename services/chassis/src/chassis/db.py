"""PostgreSQL: the declarative base, engines by role, and the session of one request.

Each service's login has three roles: `<name>_owner` owns the tables and migrates, `<name>_app` serves requests under
row-level security, `<name>_worker` serves all tenants. A connection selects its role when it opens, so a statement
without a tenant returns no rows instead of all.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

import orjson
import saving
import sqlalchemy
import uuid_utils.compat
import visibility
from fastapi import Depends, Request
from saving.opening import first, forget_opening, open_with
from sqlalchemy import DateTime, MetaData, Numeric, UniqueConstraint, Uuid, event, orm, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, DisconnectionError
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
"""A column for a sum over other rows: it holds 10^9 times the greatest number that one of them can have."""


class Tenanted:
    """Every table belongs to a tenant. The column defaults to the tenant of the transaction; row-level security
    protects it."""

    tenant_id: Mapped[UUID] = mapped_column(server_default=text(TENANT))


class Base(Tenanted, DeclarativeBase):
    """The tables of the chassis itself.

    Each service declares a base like this one in its `tables.py`, because two services may have tables of the same
    name.
    """

    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map = TYPES


def storable(words: str) -> str:
    """A text that PostgreSQL accepts: NUL and lone surrogates are replaced by escapes."""
    return words.encode("utf-8", "backslashreplace").decode().replace("\x00", "\\x00")


def unique(*columns: str, **options: Any) -> UniqueConstraint:
    """A unique constraint within one tenant."""
    return UniqueConstraint("tenant_id", *columns, **options)


def place(url: str) -> str:
    """The database and host of an address without its login, for messages."""
    address = make_url(url)
    where = address.host or address.query.get("host", "localhost")
    return f"{address.database} at {where}"


def create_engine(
    url: str, service: str, role: Role, *, pool_size: int = 10, timeouts: Mapping[str, str] | None = None
) -> AsyncEngine:
    """An engine whose connections use the role `<service>_<role>`; `timeouts` are settings of the server."""
    return engine_as(
        url,
        {"role": f"{service}_{role}", "application_name": f"{service}-{role}", **(timeouts or {})},
        command_timeout_seconds=60,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_use_lifo=True,  # The connection that was used last has its statements prepared.
        json_serializer=lambda value: orjson.dumps(value).decode(),
        json_deserializer=orjson.loads,
    )


def engine_as(
    url: str, server_settings: Mapping[str, str], *, command_timeout_seconds: float | None = None, **options: Any
) -> AsyncEngine:
    """An engine on an address as libpq reads it, whose connections start with these settings of the server."""
    shown = make_url(url).set(drivername="postgresql+asyncpg", query={})
    engine = create_async_engine(
        shown, async_creator=lambda: connection.connect(url, server_settings, command_timeout_seconds), **options
    )
    event.listen(engine.sync_engine, "checkout", _refuse_closed)
    event.listen(engine.sync_engine, "checkin", forget_opening)
    return engine


def _refuse_closed(dbapi_connection: Any, _record: Any, _proxy: Any) -> None:
    """Let the pool replace a connection that has ended while pooled: the driver knows this without a query."""
    if dbapi_connection.driver_connection.is_closed():
        raise DisconnectionError


class WritingSession(AsyncSession):
    async def flush(self, objects: Sequence[Any] | None = None) -> None:
        """Write what the session holds, in one statement."""
        async with visibility.lifted(self):
            await saving.save(self, tenant_id=self.info.get("tenant"))


def session_factory(engine: AsyncEngine) -> Sessions:
    """Sessions whose loaded objects stay readable after the commit."""
    return async_sessionmaker(engine, class_=WritingSession, expire_on_commit=False, autoflush=False)


@asynccontextmanager
async def transaction(sessions: Sessions, tenant: UUID | None = None) -> AsyncIterator[AsyncSession]:
    """One transaction for `tenant`; without a tenant only the worker's role can read rows.

    It begins with the first statement: a session that sends none costs next to nothing.
    """
    session = sessions()
    if tenant is not None:
        session.info["tenant"] = tenant
    try:
        yield session
        if session.in_transaction() or saving.unwritten(session):
            await session.flush()
            await session.commit()
    finally:
        if session.in_transaction():
            await asyncio.shield(asyncio.create_task(session.close()))


@event.listens_for(orm.Session, "after_begin")
def _act_for_tenant(session: orm.Session, begun: orm.SessionTransaction, connection: sqlalchemy.Connection) -> None:
    """Set the tenant for the transaction, in the message that begins it. The setting ends with the transaction."""
    open_with(session, begun, connection, opening_of(session.info))


def opening_of(info: Mapping[Any, Any]) -> list[str]:
    """The settings of a transaction whose session has this `info`: its tenant, and the owners whose rows it sees."""
    tenant: UUID | None = info.get("tenant")
    return [f"set local app.tenant = '{tenant}'", *visibility.opening(info)] if tenant else []


async def wait_at_most(session: AsyncSession, milliseconds: int) -> None:
    """From here to the end of the transaction, fail on a locked row after this time (SQLSTATE 55P03).

    If the transaction has not begun yet, the message that begins it contains the setting.
    """
    await first(session, f"set local lock_timeout = '{milliseconds:d}ms'")


@asynccontextmanager
async def acting_for(sessions: Sessions, caller: Principal) -> AsyncIterator[AsyncSession]:
    """A transaction on behalf of a caller, as `transaction`."""
    async with transaction(sessions, caller.tenant) as session:
        session.info["actor"] = caller.subject
        session.info["caller"] = caller
        session.info[visibility.OWNERS] = caller.owners
        yield session


async def request_session(
    request: Request, principal: Annotated[Principal, Depends(authenticated)]
) -> AsyncIterator[AsyncSession]:
    """The session of one request: committed before the response is sent, rolled back by any error."""
    async with acting_for(request.app.state.sessions, principal) as session:
        yield session


def caller_of(session: AsyncSession) -> Principal:
    """Who has sent the request of this session."""
    caller: Principal = session.info["caller"]
    return caller


Session = Annotated[AsyncSession, Depends(request_session, scope="function")]


NOT_NOW = ("08", "40", "53", "55", "57")
"""SQLSTATE classes of errors of the connection or the server: connection, rollback, resources, locks, operator."""


def sqlstate(error: Exception) -> str | None:
    """The SQLSTATE of an error; None when the error is not from the server."""
    state = getattr(error.orig, "sqlstate", None) if isinstance(error, DBAPIError) else None
    return str(state) if state else None


def is_passing(error: Exception) -> bool:
    """Whether the error concerns the connection or the server, and not the values of a statement, so that a retry may
    succeed."""
    if isinstance(error, OSError | PoolTimeout):
        return True
    if not isinstance(error, DBAPIError):
        return False
    if error.connection_invalidated:
        return True
    if (state := sqlstate(error)) is not None:
        return state.startswith(NOT_NOW)
    # Without an SQLSTATE the driver itself failed: at a value that it cannot encode, or at its connection.
    return not isinstance(error.orig.__cause__ if error.orig else None, ValueError)


def trace_of(error: Exception) -> Exception | None:
    """The `exc_info` of a log line; none for database errors, because their traceback contains a record's values."""
    return None if isinstance(error, DBAPIError) else error
