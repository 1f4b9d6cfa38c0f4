"""What the services really say, from a request to the answer of the other system's port, against what is published."""

import itertools
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import orjson
import pytest
from chassis.bus import Message
from chassis.db import Role, Sessions
from chassis.events import to_headers
from chassis.outbox import OutboxRow
from chassis.service import Service
from chassis.testing import Database, caller, rolled_back
from crm.wiring import SERVICE as CRM
from erp.wiring import SERVICE as ERP
from gateway.deliver.loop import Delivering, Spoke
from gateway.ingest.consume import Ingest
from gateway.kinds import KINDS
from gateway.wiring import SERVICE as GATEWAY
from sqlalchemy import select, text

from .published import assert_valid

pytestmark = pytest.mark.servers

SCOPES = "customers:read customers:write contacts:read contacts:write replication:write"
HOLDS = {"crm": tuple(KINDS), "erp": tuple(KINDS)}
CUSTOMER: dict[str, Any] = {
    "name": "Alfreds Futterkiste",
    "kind": "company",
    "email": "Info@Alfreds.example",
    "phone": "030-0074321",
    "website": "https://alfreds.example",
    "billing_address": {"lines": ["Obere Str. 57"], "postal_code": "12209", "city": "Berlin", "country": "DE"},
    "shipping_address": {"lines": ["Tor 3"], "city": "Potsdam", "country": "DE"},
    "language": "de",
    "currency": "EUR",
    "owner": "anna",
    "segment": "food",
    "source": "fair",
    "tags": ["retail", "north"],
    "notes": "Opens at nine.",
    "legal_entities": [{"legal_name": "Alfreds GmbH", "country": "DE", "tax_id": "DE136695976"}],
}
TERMS = {
    "payment_terms": {"days": 30, "discount_days": 10, "discount_percent": "2"},
    "credit": {"limit": "25000.00", "currency": "EUR", "blocked": False},
}


class System:
    """One service in this process: its sessions, a caller, and what it has announced so far."""

    def __init__(self, service: Service, sessions: Sessions, client: httpx.AsyncClient) -> None:
        self.service = service
        self.sessions = sessions
        self.client = client
        self.told = 0

    async def post(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        return _read(await self.client.post(path, json=body))

    async def patch(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        tag = (await self.client.get(path)).headers["ETag"]
        return _read(await self.client.patch(path, json=body, headers={"If-Match": tag}))

    async def archive(self, path: str) -> dict[str, Any]:
        tag = (await self.client.get(path)).headers["ETag"]
        return _read(await self.client.delete(path, headers={"If-Match": tag}))

    async def announced(self) -> list[Message]:
        """The messages written since the last call, each valid under its published schemas."""
        async with self.sessions() as session:
            waiting = select(OutboxRow).where(OutboxRow.id > self.told).order_by(OutboxRow.id)
            rows = (await session.scalars(waiting)).all()
        for row in rows:
            self.told, data = row.id, orjson.loads(row.data)
            assert_valid(row.topic, data)
            assert_valid("cloudevent", {**row.attributes, "data": data})
            assert row.attributes["dataschema"] == f"{row.topic}.json"
        return [Message(r.topic, r.key.encode(), r.data, tuple(to_headers(r.attributes)), 0, r.id) for r in rows]


class CheckedSpoke(Spoke):
    """The way from the hub to a system in this process; every body on it is valid under the published schemas."""

    def __init__(self, system: System) -> None:
        self.system = system
        self.outcomes: list[str] = []

    async def deliver(self, kind: str, tenant: UUID, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
        assert_valid("replication.request.v1", {"items": items})
        answer = await self.system.post(f"/replication/v1/{kind}", orjson.loads(orjson.dumps({"items": items})))
        assert_valid("replication.answer.v1", answer)
        self.outcomes += [item["outcome"] for item in answer["items"]]
        return answer["items"]  # type: ignore[no-any-return]  # just checked


@pytest.fixture(scope="module")
def addresses(database: Database) -> dict[str, str]:
    return {s.name: database(s.name, s.metadata, s.versions) for s in (CRM, ERP, GATEWAY)}


@pytest.fixture
async def systems(addresses: dict[str, str]) -> AsyncIterator[dict[str, System]]:
    """CRM, ERP and hub on databases of their own, rolled back afterwards."""
    made: dict[str, System] = {}
    async with AsyncExitStack() as stack:
        for service in (CRM, ERP, GATEWAY):
            role: Role = "worker" if service is GATEWAY else "app"
            sessions = await stack.enter_async_context(rolled_back(addresses[service.name], service.name, role))
            client = await stack.enter_async_context(caller(service, sessions, SCOPES))
            made[service.name] = System(service, sessions, client)
        yield made


async def exchange(systems: dict[str, System]) -> list[str]:
    """Carry every event to the hub and every delivery to the systems, until all is quiet; answer the outcomes."""
    hub = systems["gateway"].sessions
    spokes = {name: CheckedSpoke(systems[name]) for name in HOLDS}
    for _ in itertools.repeat(None, 20):
        messages = [message for name in HOLDS for message in await systems[name].announced()]
        if messages:
            await Ingest(hub, HOLDS).handle(messages)
        async with hub.begin() as session:
            await session.execute(text("update deliveries set due_at = now() - interval '1 s'"))
        delivered = [await Delivering(hub, name, HOLDS).step(spokes[name]) for name in HOLDS]
        if not messages and not any(delivered):
            return [outcome for spoke in spokes.values() for outcome in spoke.outcomes]
    raise AssertionError("the systems never come to rest")


def _read(answer: httpx.Response) -> dict[str, Any]:
    assert answer.is_success, answer.text
    document: dict[str, Any] = answer.json()
    return document


@pytest.mark.parametrize(("here", "there"), [("crm", "erp"), ("erp", "crm")])
async def test_every_message_on_the_way_of_a_record_is_as_published(
    systems: dict[str, System], here: str, there: str
) -> None:
    sender, receiver = systems[here], systems[there]
    body = CUSTOMER | (TERMS if here == "erp" else {})
    customer = f"/v1/customers/{(entered := await sender.post('/v1/customers', body))['id']}"
    contact = await sender.post(
        "/v1/contacts",
        {"name": "Maria Anders", "customer_id": entered["id"], "email": "maria@alfreds.example", "position": "Owner"},
    )
    outcomes = await exchange(systems)
    assert set(outcomes) <= {"applied", "already", "skipped"}
    await sender.patch(
        customer, {"phone": "030-1", "tags": ["south"], "notes": "Opens at ten.", "billing_address": None}
    )
    await sender.patch(f"/v1/contacts/{contact['id']}", {"position": "Chief"})
    await exchange(systems)
    await sender.archive(customer)
    await exchange(systems)
    await sender.post(f"{customer}/restore")
    await exchange(systems)
    await systems["gateway"].announced()
    (copy,) = _read(await receiver.client.get("/v1/customers"))["items"]
    assert (copy["name"], copy["phone"], copy["tags"]) == ("Alfreds Futterkiste", "030-1", ["south"])
    assert copy["archived_at"] is None
    (person,) = _read(await receiver.client.get("/v1/contacts"))["items"]
    assert (person["position"], person["customer_id"]) == ("Chief", copy["id"])


async def test_conflicts_and_golden_records_are_as_published(systems: dict[str, System]) -> None:
    entered = await systems["crm"].post("/v1/customers", CUSTOMER)
    await exchange(systems)
    (copy,) = _read(await systems["erp"].client.get("/v1/customers"))["items"]
    await systems["crm"].patch(
        f"/v1/customers/{entered['id']}", {"email": "crm@alfreds.example", "notes": "From Anna."}
    )
    await systems["erp"].patch(f"/v1/customers/{copy['id']}", {"email": "erp@alfreds.example", "notes": "From Ben."})
    await exchange(systems)
    said = await systems["gateway"].announced()
    topics = {message.topic for message in said}
    decided = [orjson.loads(message.value or b"") for message in said if message.topic == "sync.conflict.v1"]
    assert topics == {"sync.customer.v1", "sync.conflict.v1"}
    assert {(each["group"], each["state"]) for each in decided} >= {("email", "decided"), ("notes", "open")}
    assert datetime.fromisoformat(decided[0]["decided_at"]) <= datetime.now(UTC)
