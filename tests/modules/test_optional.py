"""Every optional module of both services turned off, one by one and all at once: the core goes on."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from chassis.db import create_engine, session_factory
from chassis.service import Service
from chassis.settings import Issuer as Trusted
from chassis.testing import Database
from crm import wiring as crm
from erp import wiring as erp
from fastapi import FastAPI
from modules import Module
from modules.optional import OptionalModules
from records import RecordRouter
from stack.keys import AUDIENCES, Issuer

pytestmark = pytest.mark.servers
WIRED = (crm, erp)
OPTIONS = {wiring.SERVICE.name: OptionalModules(wiring.MODULES) for wiring in WIRED}
EACH = [(service, option) for service, options in OPTIONS.items() for option in options.names]
MODULES: dict[str, Sequence[Module]] = {wiring.SERVICE.name: wiring.MODULES for wiring in WIRED}
SERVICES: dict[str, Service] = {wiring.SERVICE.name: wiring.SERVICE for wiring in WIRED}
REQUIRED = {"customers", "contacts", "products", "orders"}


@dataclass
class Tenant:
    """A tenant of one service, and its administrator."""

    app: FastAPI
    service: Service
    issuer: Issuer
    id: UUID

    @property
    def client(self) -> httpx.AsyncClient:
        name = self.service.name
        token = self.issuer.token([], "ada", str(self.id), ["admin"], [AUDIENCES[name]])
        headers = {"Authorization": f"Bearer {token}"}
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app), base_url=f"http://{name}.test", headers=headers
        )

    async def turn(self, *names: str, on: bool = False) -> None:
        """Turn modules off or on; nothing of before is remembered."""
        for name in names:
            answer = await self.client.put(f"/v1/modules/{name}", json={"enabled": on}, headers={"If-Match": "*"})
            assert answer.status_code == 200, answer.text
        assert self.service.authenticator is not None
        self.app.state.verifier = self.service.authenticator(self.app)

    async def made(self, path: str, body: dict[str, Any], status: int = 201) -> dict[str, Any]:
        answer = await self.client.post(path, json=body)
        assert answer.status_code == status, answer.text
        shown: dict[str, Any] = answer.json()
        return shown


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Issuer:
    made = Issuer("local", tmp_path_factory.mktemp("keys"))
    made.ensure()
    return made


@pytest.fixture(scope="module")
def applications(database: Database, issuer: Issuer) -> dict[str, tuple[FastAPI, str]]:
    trusted = {"local": Trusted(jwks=str(issuer.public_file))}
    return {
        name: (
            service.app(service.settings(database_url="postgresql://not.used", auth_issuers=trusted)),
            database(name, service.metadata, service.versions, "modules"),
        )
        for name, service in SERVICES.items()
    }


@pytest.fixture
async def tenants(applications: dict[str, tuple[FastAPI, str]], issuer: Issuer) -> AsyncIterator[dict[str, Tenant]]:
    found, engines = {}, []
    for name, (app, url) in applications.items():
        engine = create_engine(url, name, "app")
        engines.append(engine)
        app.state.sessions = session_factory(engine)
        authenticator = SERVICES[name].authenticator
        assert authenticator is not None
        app.state.verifier = authenticator(app)
        found[name] = Tenant(app, SERVICES[name], issuer, uuid4())
    yield found
    await asyncio.gather(*(engine.dispose() for engine in engines))


def records_of(service: str, option: str) -> list[RecordRouter]:
    """The records of a module that have a list."""
    routers = [router for each in MODULES[service] if each.option == option for router in each.all_routers]
    return [each for each in routers if isinstance(each, RecordRouter) and "list" in each.verbs]


def test_the_core_is_not_optional() -> None:
    for options in OPTIONS.values():
        assert not set(options.names) & REQUIRED
        assert {options.module_of(f"/v1/{each}") for each in REQUIRED} == {None}


@pytest.mark.parametrize(("service", "option"), EACH)
async def test_a_module_that_is_off_has_no_routes_scopes_or_records(
    tenants: dict[str, Tenant], service: str, option: str
) -> None:
    tenant, records = tenants[service], records_of(service, option)
    lists = [each.record.path for each in records]
    timelines = [f"{each.record.path}/{uuid4()}/timeline" for each in records if each.record.annotated]
    assert lists
    before = {each["path"] for each in (await tenant.client.get("/v1/meta")).json()["records"]}
    assert set(lists) <= before
    await tenant.turn(option)
    for path in (*lists, *timelines, f"{lists[0]}/{uuid4()}"):
        answer = await tenant.client.get(path)
        problem = answer.json()
        assert (answer.status_code, problem["type"]) == (404, "/problems/module-off"), path
        assert option in problem["detail"]
        assert "access:write" in problem["hint"]
    told = (await tenant.client.get("/v1/me")).json()
    assert option not in told["modules"]
    assert not OPTIONS[service].scopes_without({option}) & set(told["scopes"])
    after = {each["path"] for each in (await tenant.client.get("/v1/meta")).json()["records"]}
    assert before - after == set(lists)
    await tenant.turn(option, on=True)
    assert [(await tenant.client.get(path)).status_code for path in lists] == [200] * len(lists)


async def test_an_order_goes_from_the_customer_to_its_shipment_without_optional_modules(
    tenants: dict[str, Tenant],
) -> None:
    tenant = tenants["erp"]
    await tenant.turn(*OPTIONS["erp"].names)
    address = {"lines": ["Obere Str. 57"], "city": "Berlin", "country": "DE"}
    customer = await tenant.made("/v1/customers", {"name": "Alfreds", "billing_address": address})
    price = {"amount": "10", "currency": "EUR"}
    product = await tenant.made("/v1/products", {"name": "Advice", "list_price": price})
    lines = [{"product_id": product["id"], "quantity": "2", "tax_rate": "0"}]
    order = await tenant.made("/v1/orders", {"customer_id": customer["id"], "lines": lines})
    for verb, state in (("submit", "submitted"), ("confirm", "confirmed")):
        order = await tenant.made(f"/v1/orders/{order['id']}/{verb}", {}, 200)
        assert order["state"] == state


async def test_sales_hand_an_order_in_without_optional_modules(tenants: dict[str, Tenant]) -> None:
    tenant = tenants["crm"]
    await tenant.turn(*OPTIONS["crm"].names)
    customer = await tenant.made("/v1/customers", {"name": "Alfreds"})
    product = await tenant.made("/v1/products", {"name": "Chai"})
    lines = [{"product_id": product["id"], "quantity": "2", "unit_price": "10", "tax_rate": "0"}]
    body = {"customer_id": customer["id"], "currency": "EUR", "lines": lines}
    order = await tenant.made("/v1/orders", body)
    assert (await tenant.made(f"/v1/orders/{order['id']}/submit", {}, 200))["state"] == "submitted"
