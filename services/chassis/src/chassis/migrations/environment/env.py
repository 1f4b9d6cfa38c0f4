"""The alembic environment of all services: connects as the owner, with a lock timeout of five seconds."""

import asyncio

from alembic import context
from chassis.db import Base, engine_as
from sqlalchemy import Connection

attributes = context.config.attributes


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=[Base.metadata, attributes["metadata"]],
        compare_server_default=False,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


async def main() -> None:
    options = {"role": f"{attributes['service']}_owner", "lock_timeout": "5s"}
    engine = engine_as(attributes["url"], options)
    async with engine.connect() as connection:
        await connection.run_sync(run)
    await engine.dispose()


asyncio.run(main())
