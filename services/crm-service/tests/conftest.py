"""The service, and the scopes of the callers of its API."""

import pytest
from chassis.service import Service
from crm.wiring import SERVICE

RESOURCES = (
    "employees", "customers", "contacts", "products", "prices", "orders", "invoices", "payments", "quotes", "deals",
    "activities", "leads", "mail", "messages", "replication", "jobs",
)  # fmt: skip
SCOPES = " ".join(
    (
        "events:read",
        "templates:write",
        "quotas:write",
        *(f"{each}:{right}" for each in RESOURCES for right in ("read", "write")),
    )
)


@pytest.fixture(scope="session")
def service() -> Service:
    return SERVICE


@pytest.fixture(scope="session")
def scopes() -> str:
    return SCOPES
