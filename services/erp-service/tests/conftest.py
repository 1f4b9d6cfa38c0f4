"""The service, and the scopes and role of the callers of its API."""

from collections.abc import Iterator

import pytest
from chassis.service import Service
from erp.wiring import SERVICE

from .books import Books

SCOPES = (
    "customers:read customers:write contacts:read contacts:write products:read products:write prices:read prices:write "
    "ledger:read ledger:write orders:read orders:write invoices:read invoices:write payments:read payments:write "
    "employees:read employees:write activities:read activities:write credit:write orders:hold ledger:post ledger:close "
    "inventory:read inventory:write events:read replication:write"
)


@pytest.fixture(scope="session")
def service() -> Service:
    return SERVICE


@pytest.fixture(scope="session")
def scopes() -> str:
    return SCOPES


@pytest.fixture(scope="session")
def roles() -> str:
    return "sales-director"


@pytest.fixture(scope="module")
def books(committed: str) -> Iterator[Books]:
    made = Books(committed)
    yield made
    made.close()
