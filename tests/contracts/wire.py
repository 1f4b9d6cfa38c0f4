"""Real services in one process, and the way between them: every message on it is checked against what is published."""

import itertools
from typing import Any
from uuid import UUID

import httpx
import orjson
from chassis.bus import Message
from chassis.db import Sessions
from chassis.events import to_headers
from chassis.outbox import OutboxRow
from chassis.service import Service
from contracts.kinds import TABLES
from gateway.deliver.loop import Delivering
from gateway.deliver.spoke import Spoke
from gateway.ingest.consume import Ingest
from gateway.kinds.holders import declared
from sqlalchemy import select, text

from .published import assert_valid

HOLDS = {name: declared(name) for name in ("crm", "erp")}


class System:
    """One service in this process: its sessions, a caller, and what it has announced so far."""

    def __init__(self, service: Service, sessions: Sessions, client: httpx.AsyncClient) -> None:
        self.service = service
        self.sessions = sessions
        self.client = client
        self.told = 0

    async def post(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        return read(await self.client.post(path, json=body))

    async def patch(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        tag = (await self.client.get(path)).headers["ETag"]
        return read(await self.client.patch(path, json=body, headers={"If-Match": tag}))

    async def put(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        return read(await self.client.put(path, json=body, headers={"If-Match": "*"}))

    async def get(self, path: str) -> dict[str, Any]:
        return read(await self.client.get(path))

    async def only(self, path: str) -> dict[str, Any]:
        """The only record of a list."""
        (item,) = (await self.get(path))["items"]
        found: dict[str, Any] = item
        return found

    async def archive(self, path: str) -> dict[str, Any]:
        tag = (await self.client.get(path)).headers["ETag"]
        return read(await self.client.delete(path, headers={"If-Match": tag}))

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

    async def events(self, topic: str) -> list[dict[str, Any]]:
        """The data of all events of a topic, oldest first."""
        async with self.sessions() as session:
            rows = await session.scalars(select(OutboxRow.data).where(OutboxRow.topic == topic).order_by(OutboxRow.id))
            return [orjson.loads(data) for data in rows]


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


async def exchange(systems: dict[str, System]) -> list[str]:
    """Carry every event to the hub and every delivery to the systems, until all is quiet; answer the outcomes."""
    hub = systems["gateway"].sessions
    spokes = {name: CheckedSpoke(systems[name]) for name in HOLDS}
    for _ in itertools.repeat(None, 20):
        announced = [message for name in HOLDS for message in await systems[name].announced()]
        messages = [message for message in announced if message.topic.split(".")[1] in TABLES]
        if messages:
            await Ingest(hub, HOLDS).handle(messages)
        async with hub.begin() as session:
            await session.execute(text("update deliveries set due_at = now() - interval '1 s'"))
        delivered = [await Delivering(hub, name, HOLDS).step(spokes[name]) for name in HOLDS]
        if not messages and not any(delivered):
            return [outcome for spoke in spokes.values() for outcome in spoke.outcomes]
    raise AssertionError("the systems never come to rest")


def read(answer: httpx.Response) -> dict[str, Any]:
    """The body of an answer that is a success."""
    assert answer.is_success, answer.text
    document: dict[str, Any] = answer.json()
    return document
