"""The driver's connection of a session, and its errors as SQLAlchemy raises them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

HELD = "held"
"""In the `info` of a session: its innermost transaction, and the connection of that."""


@asynccontextmanager
async def driver_of(session: AsyncSession) -> AsyncIterator[Any]:
    """The driver's connection, in the transaction of the session. Raises `DBAPIError` as the session does."""
    connection = await _connection(session)
    adapted: Any = _adapted(connection)
    driver = adapted._connection
    try:
        if adapted._transaction is None and not driver.is_in_transaction():
            await adapted._start_transaction()  # The message that begins it may lock a row, and so fail.
        yield driver
    except Exception as error:
        raise await translated(connection, error) from error


async def _connection(session: AsyncSession) -> AsyncConnection:
    """The session's connection. Asking for it once in a transaction is enough; in a savepoint, it begins that."""
    held: AsyncConnection | None
    begun, held = session.info.get(HELD, (None, None))
    if held is None or begun is not _innermost(session):
        held = await session.connection()
        session.info[HELD] = (_innermost(session), held)
    return held


def _innermost(session: AsyncSession) -> Any:
    return session.sync_session.get_nested_transaction() or session.sync_session.get_transaction()


async def translated(connection: AsyncConnection, error: Exception) -> Exception:
    """The error that SQLAlchemy raises for one of the driver, or any other as it is. A broken connection is dropped."""
    adapted: Any = _adapted(connection)
    dialect: Any = connection.dialect
    try:
        adapted._handle_exception(error)
    except Exception as known:
        if not isinstance(known, dialect.dbapi.Error):
            return known
        if broken := adapted._connection.is_closed():
            await connection.invalidate(error)
        raised: Exception = DBAPIError.instance(
            None, None, known, dialect.dbapi.Error, connection_invalidated=broken, dialect=dialect
        )
        return raised
    return error


def _adapted(connection: AsyncConnection) -> Any:
    held: Any = connection.sync_connection
    return held.connection.dbapi_connection
