"""A migrated database of the CRM, rolled back after each test, and callers of its API."""

from collections.abc import AsyncIterator, Callable

import httpx
import pytest
from chassis.db import Sessions
from chassis.testing import OTHER_TENANT, Database, act_for, caller, rolled_back
from crm.wiring import SERVICE
from sqlalchemy.ext.asyncio import AsyncSession

RESOURCES = (
    "employees", "customers", "contacts", "products", "prices", "orders", "invoices", "payments", "quotes", "deals",
    "replication",
)  # fmt: skip
SCOPES = " ".join(("events:read", *(f"{each}:{right}" for each in RESOURCES for right in ("read", "write"))))


@pytest.fixture(scope="session")
def address(database: Database) -> str:
    return database(SERVICE.name, SERVICE.metadata, SERVICE.versions)


@pytest.fixture
async def sessions(address: str) -> AsyncIterator[Sessions]:
    async with rolled_back(address, SERVICE.name) as made:
        yield made


@pytest.fixture
async def session(sessions: Sessions) -> AsyncIterator[AsyncSession]:
    """A session of the first tenant, as the application has it."""
    async with sessions() as made:
        await act_for(made)
        yield made


@pytest.fixture
async def api(sessions: Sessions) -> AsyncIterator[httpx.AsyncClient]:
    """Anna, of the first tenant, who may do everything."""
    async with caller(SERVICE, sessions, SCOPES) as client:
        yield client


@pytest.fixture
async def stranger(sessions: Sessions) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody of another tenant, who may do everything there."""
    async with caller(SERVICE, sessions, SCOPES, OTHER_TENANT, "bert") as client:
        yield client


@pytest.fixture
def with_scopes(sessions: Sessions) -> Callable[[str], httpx.AsyncClient]:
    return lambda scopes: caller(SERVICE, sessions, scopes)
