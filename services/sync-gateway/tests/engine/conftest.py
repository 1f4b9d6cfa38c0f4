from collections.abc import AsyncIterator

import pytest
from chassis.db import Sessions, create_engine, session_factory
from chassis.testing import Database
from gateway.wiring import SERVICE
from sqlalchemy import text

TABLES = (
    "records, links, deliveries, decisions, match_keys, positions, unread, worker_tasks, quarantine, systems, outbox,"
    " outbox_sent, refused_kinds, pauses, held_back, topic_logs"
)


@pytest.fixture(scope="session")
def hub_url(database: Database) -> str:
    return database("gateway", SERVICE.metadata, SERVICE.versions)


@pytest.fixture
async def sessions(hub_url: str) -> AsyncIterator[Sessions]:
    """The worker's sessions on an empty hub; what they commit is removed after the test."""
    engine = create_engine(hub_url, "gateway", "worker")
    yield session_factory(engine)
    await engine.dispose()
    owner = create_engine(hub_url, "gateway", "owner")
    async with owner.begin() as connection:
        await connection.execute(text(f"truncate {TABLES}"))
    await owner.dispose()
