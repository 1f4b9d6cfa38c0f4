"""CRM, ERP and hub in this process, on databases of their own."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from chassis.db import Role
from chassis.testing import Database, caller, rolled_back
from crm.wiring import SERVICE as CRM
from erp.wiring import SERVICE as ERP
from gateway.deliver import loop
from gateway.wiring import SERVICE as GATEWAY
from stack.keys import SCOPES

from .wire import System


@pytest.fixture(scope="module")
def addresses(database: Database) -> dict[str, str]:
    return {s.name: database(s.name, s.metadata, s.versions) for s in (CRM, ERP, GATEWAY)}


@pytest.fixture(autouse=True)
def _one_batch_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """All sessions of a system are on one connection here, which concurrent transactions cannot share."""
    monkeypatch.setattr(loop, "MOST_AT_ONCE", 1)


@pytest.fixture
async def systems(addresses: dict[str, str]) -> AsyncIterator[dict[str, System]]:
    """CRM, ERP and hub on databases of their own, rolled back afterwards."""
    made: dict[str, System] = {}
    async with AsyncExitStack() as stack:
        for service in (CRM, ERP, GATEWAY):
            role: Role = "worker" if service is GATEWAY else "app"
            sessions = await stack.enter_async_context(rolled_back(addresses[service.name], service.name, role))
            client = await stack.enter_async_context(
                caller(service, sessions, " ".join(SCOPES), roles="sales-director")
            )
            made[service.name] = System(service, sessions, client)
        yield made
