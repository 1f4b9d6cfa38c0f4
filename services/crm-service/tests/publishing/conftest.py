"""A broker, a database whose transactions commit, and a tenant of each test's own."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import httpx
import orjson
import pytest
from aiokafka import AIOKafkaConsumer, ConsumerRecord
from aiokafka.admin import AIOKafkaAdminClient
from chassis.db import Sessions, create_engine, session_factory, transaction
from chassis.outbox import OutboxRow
from chassis.relay import MOVE
from chassis.service import Running
from chassis.testing import Database, caller
from crm.settings import Settings
from crm.wiring import SERVICE
from outbound.handlers import Lane
from sqlalchemy import select, text
from stack.kafka import Kafka

SCOPES = "outbound:read outbound:write deals:read deals:write customers:read customers:write"


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with Kafka(tmp_path_factory.mktemp("kafka")) as running:
        yield running.bootstrap_servers


@dataclass
class Desk:
    """What a test works with: the API of its tenant, the worker's part of outbound topics, and the broker."""

    api: httpx.AsyncClient
    sessions: Sessions
    worker: Sessions
    lane: Lane
    broker: str
    tenant: UUID

    @property
    def topic(self) -> str:
        return f"{self.tenant}.deal.v1"

    async def declare(self, **body: Any) -> dict[str, Any]:
        answer = await self.api.put("/v1/outbound-topics/deal", json=body, headers={"If-Match": "*"})
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def deal(self, name: str, **values: Any) -> dict[str, Any]:
        customer = (await self.api.post("/v1/customers", json={"name": "Alfreds"})).json()
        body = {"name": name, "customer_id": customer["id"], **values}
        answer = await self.api.post("/v1/deals", json=body)
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def change(self, deal: dict[str, Any], **values: Any) -> None:
        answer = await self.api.patch(f"/v1/deals/{deal['id']}", json=values, headers={"If-Match": "*"})
        assert answer.status_code == 200, answer.text

    async def publish(self) -> None:
        """Do what the relay does once the broker has acknowledged all that waits, and publish once."""
        async with transaction(self.worker) as session:
            ids = (await session.scalars(select(OutboxRow.id).order_by(OutboxRow.id))).all()
            await MOVE.fetch(session, {"ids": ids})
            await session.execute(text("update outbound_topics set due_at = now()"))
        await self.lane.step()

    async def shown(self) -> dict[str, Any]:
        found: dict[str, Any] = (await self.api.get("/v1/outbound-topics/deal")).json()
        return found

    async def read(self) -> list[ConsumerRecord[bytes, bytes]]:
        """Every message of the topic."""
        consumer = AIOKafkaConsumer(self.topic, bootstrap_servers=self.broker, auto_offset_reset="earliest")
        await consumer.start()
        try:
            await consumer.seek_to_beginning()
            ends, found = await consumer.end_offsets(consumer.assignment()), []
            while any([await consumer.position(place) < end for place, end in ends.items()]):
                for records in (await consumer.getmany(timeout_ms=200)).values():
                    found += records
            return found
        finally:
            await consumer.stop()

    async def snapshots(self) -> list[dict[str, Any]]:
        return [orjson.loads(each.value or b"")["snapshot"] for each in await self.read()]

    async def lose_the_log(self) -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.broker)
        await admin.start()
        await admin.delete_topics([self.topic])
        await admin.close()


@pytest.fixture(scope="module")
def committed(database: Database) -> str:
    return database(SERVICE.name, SERVICE.metadata, SERVICE.versions, "outbound")


@pytest.fixture
async def desk(committed: str, broker: str) -> AsyncIterator[Desk]:
    tenant, settings = uuid4(), Settings(database_url=committed, kafka_bootstrap_servers=broker)
    app, worker = create_engine(committed, "crm", "app"), create_engine(committed, "crm", "worker")
    sessions, working = session_factory(app), session_factory(worker)
    lane = Lane(Running(settings, worker, working), failing=False)
    async with caller(SERVICE, sessions, SCOPES, tenant) as api:
        yield Desk(api, sessions, working, lane, broker, tenant)
    await lane.close()
    async with transaction(working) as session:
        await session.execute(text("delete from outbound_topics"))
    await app.dispose()
    await worker.dispose()
