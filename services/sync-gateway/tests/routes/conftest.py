"""A hub on a real database whose work is undone after each test."""

from collections.abc import AsyncIterator

import httpx
import pytest
from chassis.settings import Issuer
from chassis.testing import Database, database, postgres, rolled_back
from fastapi import FastAPI
from gateway.settings import GatewaySettings
from gateway.wiring import SERVICE

from .hub import Hub
from .tokens import TestIssuer

__all__ = ["database", "postgres"]


@pytest.fixture(scope="session")
def gateway_url(database: Database) -> str:
    return database(SERVICE.name, SERVICE.metadata, SERVICE.versions)


@pytest.fixture(scope="session")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> TestIssuer:
    return TestIssuer(tmp_path_factory.mktemp("issuer") / "jwks.json")


@pytest.fixture(scope="session")
def app(gateway_url: str, issuer: TestIssuer) -> FastAPI:
    """The gateway's application, for one hub at a time: its first request prepares all routes."""
    settings = GatewaySettings(database_url=gateway_url, auth_issuers={issuer.name: Issuer(jwks=str(issuer.jwks))})
    return SERVICE.app(settings)


@pytest.fixture
async def hub(app: FastAPI, gateway_url: str, issuer: TestIssuer) -> AsyncIterator[Hub]:
    """A hub with the systems crm and erp, which have not sent anything yet."""
    async with rolled_back(gateway_url, SERVICE.name) as sessions:
        app.state.sessions = sessions
        hub = Hub(app, sessions, issuer)
        await hub.start()
        yield hub


@pytest.fixture
async def operator(hub: Hub) -> AsyncIterator[httpx.AsyncClient]:
    """Olga, an operator of the hub, of the first tenant."""
    async with hub.client(scope="sync:read sync:write sync:operate", sub="olga") as client:
        yield client


@pytest.fixture
async def client(hub: Hub) -> AsyncIterator[httpx.AsyncClient]:
    """Stella, a steward of the first tenant."""
    async with hub.client() as client:
        yield client
