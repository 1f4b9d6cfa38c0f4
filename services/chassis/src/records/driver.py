"""Reads by the driver itself: SQLAlchemy's execution costs several times more than the read of one row."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from chassis.db import opening_of
from saving import driver_of
from saving.opening import BEGUN
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession


@asynccontextmanager
async def reading(session: AsyncSession) -> AsyncIterator[Any]:
    """A connection of the driver, for statements that read: in the transaction of the session if it has begun, else in
    one of its own, which costs a fifth of opening the session's. Raises `DBAPIError` as the session does."""
    if BEGUN in session.info or not isinstance(session.bind, AsyncEngine):
        async with driver_of(session) as held:
            yield held
        return
    pooled = await session.bind.raw_connection()
    driver: Any = pooled.driver_connection
    try:
        await driver.execute("; ".join(["begin read only", *opening_of(session.info)]))
        yield driver
        await driver.execute("commit")
    except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        pooled.invalidate()
        raise DBAPIError("a read", {}, error, connection_invalidated=driver.is_closed()) from error
    except BaseException:
        pooled.invalidate()
        raise
    finally:
        pooled.close()
