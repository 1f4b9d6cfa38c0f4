"""Statements that the driver executes itself: SQLAlchemy's execution of a short one costs several times more.

A statement is compiled once, and its parameters are passed by name.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import cached_property
from typing import Any

import asyncpg
from sqlalchemy import ClauseElement, text
from sqlalchemy.dialects.postgresql.asyncpg import dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, async_sessionmaker

DIALECT = dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy's own
DRIVER = "driver"
"""In the `info` of a session: the connection of the driver with its transaction."""

Rows = Sequence[Any]
Sent = tuple["Statement", Mapping[str, Any]]
"""A statement and its parameters."""


class Statement:
    """One statement, as text with `:name` or as an expression."""

    def __init__(self, statement: str | ClauseElement) -> None:
        self.clause = text(statement) if isinstance(statement, str) else statement

    @cached_property
    def compiled(self) -> tuple[str, Sequence[str], Mapping[str, Any]]:
        """The text for the driver, the names of its parameters in their order, and the values that the expression
        contains. Made when first needed: the types of foreign keys are known once all tables are declared."""
        compiled = self.clause.compile(dialect=DIALECT)
        names = tuple(getattr(compiled, "positiontup", None) or ())
        return str(compiled), names, {name: compiled.params[name] for name in names}

    async def fetch(self, session: AsyncSession, values: Mapping[str, Any]) -> Rows:
        """The rows, in the transaction of the session, which begins if it has not. Raises `DBAPIError`."""
        adapted = session.info.get(DRIVER)
        if adapted is None or not session.in_transaction():
            held: Any = (await session.connection()).sync_connection
            adapted = session.info[DRIVER] = held.connection.dbapi_connection
        if adapted._transaction is None:
            await adapted._start_transaction()
        return await self._fetch(adapted, values)

    async def fetch_alone(self, sessions: async_sessionmaker[AsyncSession], values: Mapping[str, Any]) -> Rows:
        """The rows, in a transaction of its own: one round trip. Raises `DBAPIError`."""
        engine = sessions.kw["bind"]
        if not isinstance(engine, AsyncEngine):
            async with sessions() as session:
                rows = await self.fetch(session, values)
                await session.commit()
                return rows
        pooled = await engine.raw_connection()
        try:
            return await self._fetch(pooled.dbapi_connection, values)
        except BaseException:
            pooled.invalidate()
            raise
        finally:
            pooled.close()

    async def fetch_on(self, connection: AsyncConnection, values: Mapping[str, Any]) -> Rows:
        """The rows, on a connection that commits each statement. Raises `DBAPIError`."""
        held: Any = connection.sync_connection
        return await self._fetch(held.connection.dbapi_connection, values)

    async def _fetch(self, adapted: Any, values: Mapping[str, Any]) -> Rows:
        sql, names, contained = self.compiled
        driver = adapted.driver_connection
        try:
            rows: Rows = await driver.fetch(sql, *[values.get(name, contained[name]) for name in names])
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
            raise _as_sqlalchemy_raises(adapted, sql, error) from error
        return rows


class InTurn:
    """Statements of one session whose results nobody reads: the server executes one while the caller makes the next."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session
        self._running: asyncio.Task[Rows] | None = None

    async def send(self, sent: Sent) -> None:
        """Wait for the last statement and send this one. Raises the error of the last one."""
        await self.done()
        statement, values = sent
        self._running = asyncio.create_task(statement.fetch(self._session, values))
        await asyncio.sleep(0)  # The task sends it now, and then waits for the answer.

    async def done(self) -> None:
        """Wait until all statements are executed. Raises the error of the last one."""
        if (running := self._running) is not None:
            self._running = None
            await running


@asynccontextmanager
async def in_turn(session: AsyncSession) -> AsyncIterator[InTurn]:
    """The session may be used again after the block, when all statements are executed."""
    turn = InTurn(session)
    try:
        yield turn
    finally:
        await turn.done()


def _as_sqlalchemy_raises(adapted: Any, sql: str, error: Exception) -> DBAPIError:
    try:
        adapted._handle_exception(error)
    except Exception as translated:
        ended = adapted.driver_connection.is_closed()
        return DBAPIError(sql, None, translated, connection_invalidated=ended)
    raise AssertionError("the dialect translates every error")
