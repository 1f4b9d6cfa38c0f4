"""Deprecated operations: headers, document, and the count of those who still call them."""

from collections.abc import AsyncIterator
from datetime import date, timedelta

import httpx
import pytest
from chassis import telemetry
from chassis.auth import requires
from chassis.deprecated import Deprecation
from chassis.errors import NotFound
from contracts.deprecations import DEPRECATED, SHORTEST_DAYS
from fastapi import APIRouter, Response

from .conftest import Calls, MakeApp, TestIssuer

things = APIRouter(tags=["things"])
OLD = Deprecation(date(2027, 1, 1), date(2028, 1, 1), "https://example.com/changes#things")


@things.get("/old-things/{name}", dependencies=[requires("things:read")])
async def read_old(name: str, response: Response) -> str:
    if name == "missing":
        raise NotFound(name=name)
    response.headers["Link"] = '</old-things/next>; rel="next"'
    return name


@things.get("/things", dependencies=[requires("things:read")])
async def list_things() -> list[str]:
    return []


@pytest.fixture
async def api(make_app: MakeApp, calls: Calls) -> AsyncIterator[httpx.AsyncClient]:
    app = make_app([things])
    app.state.deprecations = {"things_read_old": OLD}
    async with calls(app) as made:
        yield made


@pytest.mark.parametrize("name", ["tea", "missing"])
async def test_each_answer_of_a_deprecated_operation_says_so(
    api: httpx.AsyncClient, issuer: TestIssuer, name: str
) -> None:
    answer = await api.get(f"/old-things/{name}", headers=issuer.headers())
    assert answer.headers["Deprecation"] == "@1798761600"
    assert answer.headers["Sunset"] == "Sat, 01 Jan 2028 00:00:00 GMT"
    assert f'<{OLD.link}>; rel="deprecation"' in answer.headers["Link"]
    assert ('rel="next"' in answer.headers["Link"]) == (name == "tea")
    other = await api.get("/things", headers=issuer.headers())
    assert not {"Deprecation", "Sunset"} & set(other.headers)


async def test_callers_are_counted_by_api_key_and_people_together(api: httpx.AsyncClient, issuer: TestIssuer) -> None:
    def count(client: str) -> float:
        return float(telemetry.DEPRECATED_CALLS.labels("things_read_old", client)._value.get())

    people, key = count("person"), count("key:7")
    for subject in ("anna", "bert", "key:7"):
        await api.get("/old-things/tea", headers=issuer.headers(sub=subject))
    assert (count("person") - people, count("key:7") - key) == (2, 1)


def test_the_document_marks_the_operation_with_its_dates(make_app: MakeApp) -> None:
    app = make_app([things])
    app.state.deprecations = {"things_read_old": OLD}
    paths = app.openapi()["paths"]
    old = paths["/old-things/{name}"]["get"]
    assert (old["deprecated"], old["x-sunset"]) == (True, "2028-01-01")
    assert "deprecated" not in paths["/things"]["get"]


def test_what_is_deprecated_is_served_for_a_year() -> None:
    for found in DEPRECATED.values():
        for since, sunset, link in found.values():
            assert sunset - since >= timedelta(days=SHORTEST_DAYS)
            assert link
