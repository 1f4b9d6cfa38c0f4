"""The ports of the CRM and the ERP pass the conformance checks that any system can run against its own."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from chassis.service import Service
from chassis.settings import Issuer as Trusted
from chassis.testing import TENANT, Database, caller, rolled_back
from contracts.conformance.port import Port, Record
from contracts.conformance.run import Unusable, conform, held_kinds
from crm.wiring import SERVICE as CRM
from erp.wiring import SERVICE as ERP
from stack.keys import SCOPES, Issuer, audiences_of

pytestmark = pytest.mark.servers
KINDS = ("customer", "order")
"""One whose records need no others, and one with references: all kinds are served by the same code."""
EDITED = {"customer": "website", "order": "notes"}
"""A group of each kind that both systems write, under the same name in the API."""


class Spoke:
    """One of our systems in this process, with the gateway's token, and a user beside."""

    def __init__(self, port: httpx.AsyncClient, user: httpx.AsyncClient) -> None:
        self.port = port
        self.user = user

    async def edit(self, kind: str, local_id: str) -> str:
        patch = {EDITED[kind]: "https://example.org/edited"}
        answer = await self.user.patch(f"/v1/{kind}s/{local_id}", json=patch, headers={"If-Match": "*"})
        assert answer.is_success, answer.text
        return EDITED[kind]


@pytest.fixture(params=[CRM, ERP], ids=lambda service: service.name)
def served(request: pytest.FixtureRequest, database: Database) -> tuple[Service, str]:
    service: Service = request.param
    return service, database(service.name, service.metadata, service.versions)


@pytest.fixture
async def spoke(served: tuple[Service, str], tmp_path: Path) -> AsyncIterator[Spoke]:
    service, address = served
    issuer = Issuer("gateway", tmp_path)
    issuer.ensure()
    trusted: dict[str, Any] = {issuer.name: Trusted(jwks=str(issuer.public_file))}
    app = service.app(service.settings(database_url="postgresql://not.used", auth_issuers=trusted))
    token = issuer.token(["replication:write"], "gateway", str(TENANT), (), audiences_of([service.name]))
    async with rolled_back(address, service.name) as sessions:
        app.state.sessions = sessions
        headers = {"Authorization": f"Bearer {token}"}
        transport = httpx.ASGITransport(app)
        async with (
            httpx.AsyncClient(transport=transport, base_url="http://spoke.test", headers=headers) as port,
            caller(service, sessions, " ".join(SCOPES), roles="sales-director") as user,
        ):
            yield Spoke(port, user)


async def test_the_port_passes_every_check(spoke: Spoke) -> None:
    results = await conform(spoke.port, KINDS, spoke.edit)
    failed = [f"{each.kind}: {each.rule}\n  {each.failure}" for each in results if each.failure]
    assert failed == [], "\n".join(failed)
    assert len(results) == len(KINDS) * 18


class Answering(httpx.AsyncBaseTransport):
    """A port that answers as a test says."""

    def __init__(self, outcome: dict[str, Any], **more: Any) -> None:
        self.outcome = outcome
        self.more = more

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(200, json=self.more)
        return httpx.Response(200, json={"items": [self.outcome]})


async def test_a_port_that_takes_everything_fails_with_what_was_expected() -> None:
    record = Record()
    always = {"canonical_id": record.canonical_id, "outcome": "applied", "local_id": "1", "seq": 1, "groups": {}}
    async with httpx.AsyncClient(transport=Answering(always), base_url="http://spoke.test") as client:
        outcomes = await Port(client, "customer").deliver(record.item({"life": "live"}, 1))
        assert outcomes == [always]
        results = await conform(client, ["customer"])
    assert all(each.failure for each in results)
    assert "the outcomes are in the order of the items" in str(results[0].failure)


async def test_a_system_without_a_kind_that_can_be_checked_says_so() -> None:
    transport = Answering({}, kinds=["price"])
    async with httpx.AsyncClient(transport=transport, base_url="http://spoke.test") as client:
        with pytest.raises(Unusable, match="the system holds price"):
            await held_kinds(client)
