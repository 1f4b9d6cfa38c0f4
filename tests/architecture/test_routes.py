"""Every address of every service: who may use it is said, and its name is stable."""

from collections import Counter
from typing import Any

import httpx
import pytest
from chassis.auth import undeclared_routes
from chassis.service import Service
from chassis.testing import application
from crm.wiring import SERVICE as CRM
from erp.wiring import SERVICE as ERP
from fastapi import FastAPI
from gateway.wiring import SERVICE as GATEWAY
from stack.keys import SCOPES

SERVICES = [CRM, ERP, GATEWAY]
METHODS = {"get", "put", "post", "patch", "delete"}
READS_BY_POST = {("crm", "POST /v1/prices:batch")}
"""Questions that are too long for an address."""


OPEN_TO_EVERY_TOKEN = {"GET /v1/search", "GET /v1/me", "GET /v1/meta"}
"""A front end asks first what its user may do, and what there is to show; the latter depends on the scopes."""

OPEN_TO_ALL = {"POST /v1/forms/{key}/submissions", "GET /v1/calendar.ics"}
"""Visitors of websites and calendar programs have no token; the key of the form or of the calendar names the tenant."""

ASKED_BY_THE_HUB = {"GET /replication/v1/status"}
"""The hub asks with the one scope that it has."""


def operations(app: FastAPI) -> dict[str, dict[str, Any]]:
    """`GET /v1/customers` -> its operation in the OpenAPI document."""
    paths = app.openapi()["paths"]
    return {
        f"{m.upper()} {path}": operation
        for path, item in paths.items()
        for m, operation in item.items()
        if m in METHODS
    }


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_every_route_declares_who_may_use_it(service: Service) -> None:
    assert undeclared_routes(application(service)) == []


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_every_documented_operation_asks_for_a_scope_that_exists(service: Service) -> None:
    for name, operation in operations(application(service)).items():
        scopes = {scope for each in operation.get("security", []) for scope in next(iter(each.values()))}
        assert scopes or name in OPEN_TO_EVERY_TOKEN | OPEN_TO_ALL, f"{name} asks for no scope"
        assert scopes <= set(SCOPES), f"{name} asks for {scopes}"


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_writing_asks_for_more_than_reading(service: Service) -> None:
    for name, operation in operations(application(service)).items():
        scopes = {scope for each in operation["security"] for scope in next(iter(each.values()))}
        reads = (
            name.startswith("GET")
            or name.endswith((":simulate", "/simulate", "/explain", "/preview"))
            or (service.name, name) in READS_BY_POST
        )
        assert all(scope.endswith(":read") for scope in scopes) == (
            (reads or name in OPEN_TO_ALL) and name not in ASKED_BY_THE_HUB
        ), f"{name} asks for {scopes}"


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_operations_have_names_of_their_own_and_say_what_they_do(service: Service) -> None:
    found = operations(application(service))
    names = Counter(operation["operationId"] for operation in found.values())
    assert [name for name, times in names.items() if times > 1 or not name.isidentifier()] == []
    assert [name for name, operation in found.items() if not operation.get("description")] == []


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_addresses_carry_their_version(service: Service) -> None:
    unversioned = [
        n for n in operations(application(service)) if not n.split()[1].startswith(("/v1/", "/replication/v1/"))
    ]
    assert unversioned == []


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_actions_have_one_form(service: Service) -> None:
    """`POST .../{id}/verb` acts on one record, `:verb` on a collection."""
    for name in operations(application(service)):
        method, path = name.split()
        _, colon, verb = path.rpartition(":")
        if colon:
            assert not path.rpartition(":")[0].endswith("}"), f"{name} acts on one record: /{verb}"
        if path.rpartition("/")[0].endswith("}") and not path.endswith("}"):
            assert method in {"GET", "POST", "PUT"}, name


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
async def test_an_address_names_all_its_methods_when_it_refuses_one(service: Service) -> None:
    app = application(service)
    served: dict[str, set[str]] = {}
    for name in operations(app):
        method, path = name.split()
        served.setdefault(path, {"OPTIONS"}).add(method)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://service.test") as client:
        for path, methods in served.items():
            refused = await client.request("BREW", path.replace("{", "").replace("}", ""))
            assert refused.status_code == 405, path
            assert set(refused.headers["Allow"].split(", ")) >= methods, path
            asked = await client.options(path.replace("{", "").replace("}", ""))
            assert (asked.status_code, set(asked.headers["Allow"].split(", "))) >= (204, methods), path
