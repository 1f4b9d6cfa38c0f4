"""The message that begins a transaction: what stands there first costs no round trip of its own."""

from collections.abc import Sequence
from typing import Any

import asyncpg
from sqlalchemy import orm
from sqlalchemy.ext.asyncio import AsyncSession

from saving.driver import driver_of

BEGUN = "begun"
"""In the `info` of a session: its transaction on the database, and the statements that began it."""
OPENING = "opening"
"""In the `info` of a session: the statements that will begin its transaction."""


class Connection(asyncpg.Connection):  # type: ignore[misc]  # asyncpg has no types.
    """A connection whose next transaction may open with statements of ours: BEGIN and they are one message."""

    opening = ""

    async def execute(self, query: str, *arguments: Any, **options: Any) -> str:
        opening, self.opening = self.opening, ""
        if not (opening and query.startswith("BEGIN")):
            status: str = await super().execute(query, *arguments, **options)
            return status
        try:
            status = await super().execute(f"{query.rstrip(';')}; {opening}")
        except BaseException:
            self.terminate()  # It may be in a transaction of which SQLAlchemy does not know.
            raise
        return status


async def first(session: AsyncSession, statement: str) -> None:
    """Run a statement whose result nobody reads in the message that begins the transaction; at once if it has begun.

    It runs once in a transaction.
    """
    begun, statements = session.info.get(BEGUN, (None, ()))
    if begun is None or begun is not session.sync_session.get_transaction():
        opening: list[str] = session.info.setdefault(OPENING, [])
        if statement not in opening:
            opening.append(statement)
    elif statement not in statements:
        if not session.in_nested_transaction():  # What a savepoint undoes has not run.
            session.info[BEGUN] = (begun, (*statements, statement))
        async with driver_of(session) as driver:
            await driver.execute(statement)


def open_with(session: orm.Session, begun: orm.SessionTransaction, connection: Any, settings: Sequence[str]) -> None:
    """Begin the transaction with statements, and with those that wait for it. A listener of `after_begin`."""
    if begun.nested:
        return
    waiting: list[str] = session.info.pop(OPENING, [])
    session.info[BEGUN] = (begun, tuple(waiting))
    statements = [*settings, *waiting]
    driver: Any = connection.connection.driver_connection
    if not driver.is_in_transaction():
        driver.opening = "; ".join(statements)
        return
    for each in statements:
        connection.exec_driver_sql(each)


def forget_opening(dbapi_connection: Any, _record: Any) -> None:
    """A transaction that sent no statement has not begun; the next one on its connection is another one."""
    if dbapi_connection is not None:
        dbapi_connection.driver_connection.opening = ""
