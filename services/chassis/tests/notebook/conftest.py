"""The notebook's database and broker, and its sessions."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest
from chassis.db import Sessions, create_engine, session_factory
from chassis.outbox import OutboxRow, Removed, SentRow
from chassis.testing import Database, act_for, rolled_back
from chassis.topics import ensure_topics
from sqlalchemy import delete, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from stack.kafka import Kafka

from .notes import Base, Note

VERSIONS = Path(__file__).parent / "versions"


@pytest.fixture(scope="session")
def notebook(database: Database) -> str:
    """The address of the migrated database."""
    return database("notebook", Base.metadata, VERSIONS)


@pytest.fixture
async def session(notebook: str) -> AsyncIterator[AsyncSession]:
    """A request's session, rolled back after the test."""
    async with rolled_back(notebook, "notebook") as sessions, sessions() as session:
        await act_for(session)
        yield session


@pytest.fixture(scope="module")
async def engine(notebook: str) -> AsyncIterator[AsyncEngine]:
    """The worker's engine; what it commits stays."""
    engine = create_engine(notebook, "notebook", "worker", pool_size=20)
    yield engine
    await engine.dispose()


@pytest.fixture
async def emptied(engine: AsyncEngine) -> AsyncIterator[Sessions]:
    """Sessions that commit, on tables without rows; they are left so."""
    await _empty(engine)
    yield session_factory(engine)
    await _empty(engine)


async def _empty(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        for table in (Note, OutboxRow, SentRow, Removed):
            await connection.execute(delete(table))
        await connection.execute(text("delete from read_positions"))


@pytest.fixture
async def topic(kafka: Kafka) -> str:
    """A topic of this test alone."""
    name = f"notebook.{uuid4().hex}.v1"
    await ensure_topics(kafka.bootstrap_servers, [name])
    return name
