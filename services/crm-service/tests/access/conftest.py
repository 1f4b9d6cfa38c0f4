"""The CRM with an issuer whose tokens are verified, in a database that commits; each test has a tenant of its own."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from chassis.db import create_engine, session_factory
from chassis.limits import Rates
from chassis.settings import Issuer as Trusted
from chassis.testing import Database
from crm.wiring import SERVICE
from fastapi import FastAPI
from stack.keys import AUDIENCES, Issuer


@dataclass
class Door:
    """The application, and clients of it by the claims of their tokens."""

    app: FastAPI
    issuer: Issuer
    limited: Issuer
    tenant: UUID

    def client(self, *, scopes: str = "openid", roles: str = "", sub: str = "anna", **more: Any) -> httpx.AsyncClient:
        issuer: Issuer = more.pop("issuer", self.issuer)
        tenant = str(more.pop("tenant", self.tenant))
        token = issuer.token(scopes.split(), sub, tenant, roles.split(), [AUDIENCES["crm"]])
        return self.bearer(token)

    def bearer(self, token: str) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app),
            base_url="http://crm.test",
            headers={"Authorization": f"Bearer {token}"},
        )

    @property
    def admin(self) -> httpx.AsyncClient:
        return self.client(roles="admin", sub="ada")


@pytest.fixture(scope="session")
def issuers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Issuer]:
    made = {name: Issuer(name, tmp_path_factory.mktemp("keys")) for name in ("local", "limited")}
    for each in made.values():
        each.ensure()
    return made


@pytest.fixture(scope="module")
def committed(database: Database) -> str:
    return database(SERVICE.name, SERVICE.metadata, SERVICE.versions, "access")


@pytest.fixture(scope="session")
def application(issuers: dict[str, Issuer]) -> FastAPI:
    """One for all tests: its first request prepares all routes, which costs more than most tests."""
    trusted = {name: Trusted(jwks=str(each.public_file)) for name, each in issuers.items()}
    trusted["limited"] = trusted["limited"].model_copy(update={"scopes": frozenset({"customers:read"})})
    return SERVICE.app(SERVICE.settings(database_url="postgresql://not.used", auth_issuers=trusted))


@pytest.fixture
async def door(application: FastAPI, committed: str, issuers: dict[str, Issuer]) -> AsyncIterator[Door]:
    """Nothing of earlier tests is remembered."""
    engine = create_engine(committed, SERVICE.name, "app")
    application.state.sessions = session_factory(engine)
    application.state.rates = Rates(None, None)
    assert SERVICE.authenticator is not None
    application.state.verifier = SERVICE.authenticator(application)
    yield Door(application, issuers["local"], issuers["limited"], uuid4())
    await engine.dispose()
