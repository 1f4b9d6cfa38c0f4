"""Two stewards at the same moment, on connections of their own: work that is really committed."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import httpx
import pytest
from chassis.db import create_engine, session_factory, transaction, uuid7
from fastapi import FastAPI
from gateway.ingest.consume import Ingest
from gateway.store import systems
from gateway.wiring import SERVICE

from .events import LocalRecord
from .hub import HOLDS, SYSTEMS, Hub
from .tokens import TestIssuer

pytestmark = pytest.mark.servers

SAME = {
    "name": {"name": "Alfreds Futterkiste", "kind": "company"},
    "legal:6d0f4c1e-9b1f-5a53-8a53-0a4f6a9c7f11": {"legal_name": "Alfreds", "tax_id": "DE129273398", "country": "DE"},
}


@pytest.fixture
async def tenant(gateway_url: str) -> UUID:
    """A tenant of its own with one customer whose notes are in conflict."""
    tenant = uuid7()
    engine = create_engine(gateway_url, SERVICE.name, "worker")
    sessions = session_factory(engine)
    async with transaction(sessions) as session:
        await systems.register(session, list(SYSTEMS))
    crm, erp = LocalRecord("crm", tenant=tenant), LocalRecord("erp", tenant=tenant)
    await Ingest(sessions, HOLDS).handle([crm.edit({**SAME, "notes": "a"}), erp.edit({**SAME, "notes": "b"})])
    await engine.dispose()
    return tenant


@pytest.fixture
async def hub(app: FastAPI, gateway_url: str, issuer: TestIssuer) -> AsyncIterator[Hub]:
    engine = create_engine(gateway_url, SERVICE.name, "app")
    app.state.sessions = session_factory(engine)
    yield Hub(app, app.state.sessions, issuer)
    await engine.dispose()


async def test_one_of_two_stewards_resolves_and_the_other_hears_it(hub: Hub, tenant: UUID) -> None:
    async with hub.client(tenant) as client:
        (conflict,) = (await client.get("/v1/conflicts")).json()["items"]

        async def resolve(origin: str) -> httpx.Response:
            return await client.post(f"/v1/conflicts/{conflict['id']}/resolve", json={"origin": origin})

        answers = await asyncio.gather(*(resolve(origin) for origin in ("crm", "erp", "crm", "erp")))
        assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
        (won,) = [answer.json()["value"] for answer in answers if answer.status_code == 200]
        assert {answer.json()["shown_now"] for answer in answers if answer.status_code == 409} == {won}


async def test_what_cannot_be_stored_or_compared_is_malformed(hub: Hub, tenant: UUID) -> None:
    async with hub.client(tenant) as client:
        for address in (
            "/v1/decisions?group=%00",
            "/v1/links?local_id=%00",
            "/v1/decisions?since=0001-01-01T00:00:00%2B14:00",
            "/v1/deliveries?system=%00",
        ):
            assert (await client.get(address)).status_code == 422, address
        assert (await client.post("/v1/systems/%00/pause")).status_code == 404
