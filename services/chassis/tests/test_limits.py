"""What one caller may take of a process: requests a minute, time for a body; and the hosts that it answers for."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from chassis.auth import requires
from fastapi import APIRouter, Request

from .conftest import Calls, MakeApp, TestIssuer

OTHER = "00000000-0000-7000-8000-000000000002"
things = APIRouter()


@things.get("/things", dependencies=[requires("things:read")])
async def list_things() -> list[str]:
    return []


@things.post("/things", dependencies=[requires("things:read")])
async def count_bytes(request: Request) -> int:
    return len(await request.body())


@things.post("/replication/v1/thing", dependencies=[requires("things:read")])
async def deliver() -> None:
    return None


async def statuses(api: httpx.AsyncClient, times: int, headers: dict[str, str]) -> list[int]:
    return [(await api.get("/things", headers=headers)).status_code for _ in range(times)]


@pytest.fixture
async def api(make_app: MakeApp, calls: Calls) -> AsyncIterator[httpx.AsyncClient]:
    app = make_app([things], client_requests_per_minute=3, tenant_requests_per_minute=5, body_seconds=0.3)
    async with calls(app) as made:
        yield made


async def test_a_client_beyond_its_limit_is_told_when_to_come_back_and_the_others_go_on(
    api: httpx.AsyncClient, issuer: TestIssuer
) -> None:
    anna, bert, other = issuer.headers(), issuer.headers(sub="bert"), issuer.headers(sub="bert", tenant=OTHER)
    assert await statuses(api, 4, anna) == [200, 200, 200, 429]
    refused = await api.get("/things", headers=issuer.headers())
    assert (refused.json()["type"], refused.json()["limit"]) == ("/problems/too-many-requests", 3)
    assert 1 <= int(refused.headers["Retry-After"]) <= 61
    assert await statuses(api, 3, bert) == [200, 200, 429]  # The fifth of the tenant was the last.
    assert await statuses(api, 2, other) == [200, 200]


async def test_deliveries_and_health_are_not_counted(api: httpx.AsyncClient, issuer: TestIssuer) -> None:
    for _ in range(8):
        assert (await api.post("/replication/v1/thing", headers=issuer.headers())).status_code == 200
        assert (await api.get("/livez")).status_code == 200


async def test_without_limits_no_request_is_refused(make_app: MakeApp, calls: Calls, issuer: TestIssuer) -> None:
    async with calls(make_app([things])) as api:
        assert await statuses(api, 50, issuer.headers()) == [200] * 50


async def test_a_body_that_arrives_too_slowly_is_cut_off(api: httpx.AsyncClient, issuer: TestIssuer) -> None:
    async def slow() -> AsyncIterator[bytes]:
        yield b"half"
        await asyncio.sleep(2)
        yield b"the rest"

    refused = await api.post("/things", content=slow(), headers=issuer.headers())
    assert (refused.status_code, refused.json()["type"]) == (408, "/problems/too-slow")
    assert "4 bytes" in refused.json()["detail"] and refused.headers["Connection"] == "close"


async def test_a_request_for_another_host_is_refused_but_a_probe_is_answered(make_app: MakeApp, calls: Calls) -> None:
    app = make_app([things], allowed_hosts="things.test, api.example.com")
    async with calls(app) as api:
        assert (await api.get("/problems")).status_code == 200
        refused = await api.get("http://evil.example.com/problems")
        assert (refused.status_code, refused.json()["type"]) == (421, "/problems/misdirected")
        assert (await api.get("http://10.0.0.7:8000/livez")).status_code == 200
        assert (await api.get("http://api.example.com:8443/problems")).status_code == 200
