"""Reaching around the services, into a database, for what no user may do."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
from stack.services import Stack


@asynccontextmanager
async def as_administrator(stack: Stack, service: str) -> AsyncIterator[asyncpg.Connection]:
    """The database of a service, with every right."""
    address = stack.admin_url.replace("/postgres?", f"/{service}?", 1)
    connection = await asyncpg.connect(address)
    try:
        yield connection
    finally:
        await connection.close()
