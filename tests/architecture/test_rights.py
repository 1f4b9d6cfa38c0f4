"""Every address of the three services, called with real tokens: what a token lacks is refused before all else."""

import re
from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import UUID

import httpx
import pytest
from chassis import feed
from chassis.service import Service
from chassis.settings import Issuer as Trusted
from chassis.testing import rolled_back
from contracts.scopes import EVENT_SCOPES, SCOPES
from crm.wiring import SERVICE as CRM
from erp.wiring import SERVICE as ERP
from fastapi import FastAPI
from gateway.wiring import SERVICE as GATEWAY
from stack import keys
from stack.keys import AUDIENCES, FIRST_TENANT, Issuer

from .test_routes import METHODS, OPEN_TO_ALL, operations

pytestmark = pytest.mark.servers
SERVICES = (CRM, ERP, GATEWAY)
OTHER_TENANT = UUID("00000000-0000-7000-8000-000000000002")
ID = "01900000-0000-7000-8000-000000000001"


@pytest.fixture(autouse=True)
def _streams_end_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "STREAM_SECONDS", 0)


@pytest.fixture(scope="module")
def issuers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Issuer]:
    """Two who may sign: one for every tenant, one for another tenant only."""
    made = {name: Issuer(name, tmp_path_factory.mktemp("keys")) for name in ("local", "foreign")}
    for each in made.values():
        each.ensure()
    return made


@pytest.fixture(scope="module", params=SERVICES, ids=lambda service: service.name)
def service(request: pytest.FixtureRequest) -> Service:
    chosen: Service = request.param
    return chosen


@pytest.fixture(scope="module")
def app(service: Service, address: str, issuers: dict[str, Issuer]) -> FastAPI:
    trusted = {name: Trusted(jwks=str(each.public_file)) for name, each in issuers.items()}
    trusted["foreign"] = trusted["foreign"].model_copy(update={"tenants": frozenset({OTHER_TENANT})})
    return service.app(service.settings(database_url=address, auth_issuers=trusted))


@pytest.fixture
async def called(service: Service, app: FastAPI, address: str, issuers: dict[str, Issuer]) -> AsyncIterator["Called"]:
    transport = httpx.ASGITransport(app)
    async with (
        rolled_back(address, service.name) as app.state.sessions,
        httpx.AsyncClient(transport=transport, base_url="http://service.test") as client,
    ):
        yield Called(service.name, app, client, issuers)


class Called:
    """A service and what each of its operations asks for."""

    def __init__(self, name: str, app: FastAPI, client: httpx.AsyncClient, issuers: dict[str, Issuer]) -> None:
        self.name = name
        self.client = client
        self.issuers = issuers
        self.needed: dict[str, list[str]] = {}
        self.one_of: dict[str, list[str]] = {}
        """Operations whose record decides which of several scopes they need."""
        for operation, described in operations(app).items():
            security = described["security"]
            if operation in OPEN_TO_ALL:
                continue
            scopes = [scope for each in security for scopes in each.values() for scope in scopes]
            (self.needed if len(security) == 1 else self.one_of)[operation] = scopes

    def token(
        self, scopes: Any = SCOPES, issuer: str = "local", audience: str | None = None, roles: Sequence[str] = ()
    ) -> str:
        audiences = [AUDIENCES[self.name] if audience is None else audience]
        return self.issuers[issuer].token(scopes, audiences=audiences, roles=roles)

    async def answer(self, operation: str, token: str) -> httpx.Response:
        method, path = operation.split()
        assert method.lower() in METHODS
        address = re.sub(r"\{\w+\}", ID, path)
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", "If-Match": "*"}
        return await self.client.request(method, address, content=b"{}", headers=headers)


async def test_each_scope_of_an_operation_is_needed(called: Called) -> None:
    for operation, needed in called.needed.items():
        for scope in needed:
            answer = await called.answer(operation, called.token(SCOPES.keys() - {scope}))
            assert (answer.status_code, answer.json().get("missing")) == (403, scope), operation


async def test_one_scope_is_needed_where_the_record_decides_which(called: Called) -> None:
    for operation, scopes in called.one_of.items():
        assert (await called.answer(operation, called.token(SCOPES.keys() - set(scopes)))).status_code == 403, operation
        for scope in scopes:
            assert (await called.answer(operation, called.token([scope]))).status_code == 404, operation


async def test_a_token_for_another_service_opens_nothing(called: Called) -> None:
    for audience in (*AUDIENCES.values(), "concord"):
        if audience == AUDIENCES[called.name]:
            continue
        token = called.token(audience=audience)
        for operation in (*called.needed, *called.one_of):
            answer = await called.answer(operation, token)
            assert (answer.status_code, answer.json()["detail"]) == (401, "Audience doesn't match."), operation


async def test_an_issuer_of_another_tenant_opens_nothing(called: Called) -> None:
    token = called.token(issuer="foreign")
    for operation in (*called.needed, *called.one_of):
        answer = await called.answer(operation, token)
        assert (answer.status_code, answer.json()["type"]) == (403, "/problems/issuer-not-of-tenant"), operation


async def test_the_scopes_that_an_operation_names_are_enough(called: Called) -> None:
    for operation, needed in called.needed.items():
        shown = EVENT_SCOPES.values() if operation.startswith("GET /v1/events") else ()
        answer = await called.answer(operation, called.token([*needed, *shown]))
        assert answer.status_code not in (401, 403), operation
        assert answer.status_code < 500, operation


def test_scopes_and_audiences_stand_in_one_list() -> None:
    assert set(keys.SCOPES) == set(SCOPES)
    settings = {service.name: service.settings(database_url="postgresql://not.used") for service in SERVICES}
    assert {name: each.auth_audience for name, each in settings.items()} == AUDIENCES
    assert len(set(AUDIENCES.values())) == len(SERVICES)
    assert set(EVENT_SCOPES.values()) <= set(SCOPES)
    assert UUID(FIRST_TENANT) != OTHER_TENANT


def test_every_published_event_has_a_scope_that_shows_it(service: Service) -> None:
    assert service.scopes_of_topics().keys() == set(service.published())
