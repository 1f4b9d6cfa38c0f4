"""The hub of a test: real ingest and delivery over real tables, and clients of its REST API."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast
from uuid import UUID

import httpx
import orjson
from chassis.bus import Message
from chassis.db import Sessions, transaction
from chassis.outbox import OutboxRow
from chassis.testing import TENANT
from fastapi import FastAPI
from gateway.deliver.loop import Delivering
from gateway.deliver.spoke import Spoke
from gateway.ingest.consume import Ingest
from gateway.ingest.held_back import HeldBackIngest
from gateway.kinds.holders import declared
from gateway.store import systems
from gateway.store.quarantine import Quarantined
from sqlalchemy import func, select, text

from .events import LocalRecord, MemorySpoke
from .tokens import TestIssuer

SYSTEMS = ("crm", "erp")
BEATING = text("insert into worker_tasks (name, beat_at) values ('ingest', clock_timestamp() + interval '1 hour')")
HOLDS = {name: declared(name) for name in SYSTEMS}


@dataclass
class Hub:
    """Everything happens on one connection, as the application's role but for the worker's own work."""

    app: FastAPI
    sessions: Sessions
    issuer: TestIssuer
    crm: MemorySpoke = field(default_factory=lambda: MemorySpoke("crm"))
    erp: MemorySpoke = field(default_factory=lambda: MemorySpoke("erp"))

    def client(
        self, tenant: UUID = TENANT, scope: str = "sync:read sync:write", sub: str = "stella"
    ) -> httpx.AsyncClient:
        token = self.issuer.token(tenant=str(tenant), scope=scope, sub=sub)
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app),
            base_url="http://gateway.test",
            headers={"Authorization": f"Bearer {token}"},
        )

    @asynccontextmanager
    async def worker(self) -> AsyncIterator[None]:
        """Act as the worker."""
        await self._become("gateway_worker")
        yield
        await self._become("gateway_app")

    async def _become(self, role: str) -> None:
        async with transaction(self.sessions) as session:
            await session.execute(
                text("select set_config('app.tenant', '', true), set_config('role', :role, true)"), {"role": role}
            )

    async def start(self) -> None:
        async with self.worker(), transaction(self.sessions) as session:
            await systems.register(session, list(SYSTEMS))
            await session.execute(BEATING)

    async def read(self, *messages: Message) -> None:
        """Merge messages as one batch."""
        async with self.worker():
            await Ingest(self.sessions, HOLDS).handle(list(messages))

    async def merge(self, *messages: Message) -> None:
        """Merge messages that are good."""
        before = await self.held()
        await self.read(*messages)
        assert await self.held() == before

    async def held(self) -> int:
        async with self.worker(), transaction(self.sessions) as session:
            return await session.scalar(select(func.count()).select_from(Quarantined)) or 0

    async def replay(self) -> None:
        """What the worker's timer does."""
        async with self.worker():
            await Ingest(self.sessions, HOLDS).replay()

    async def resume(self) -> None:
        """What the worker's timer does after a pause."""
        async with self.worker():
            await HeldBackIngest(self.sessions, HOLDS).run()

    async def deliver(self, *spokes: MemorySpoke) -> None:
        """Deliver to both systems, or to those named, until nothing is due."""
        async with self.worker():
            for _ in range(3):
                for spoke in spokes or (self.crm, self.erp):
                    # In a test's one transaction now() stands still: what is due in a moment is due now.
                    async with transaction(self.sessions) as session:
                        await session.execute(text("update deliveries set due_at = now() where state = 'pending'"))
                    await Delivering(self.sessions, spoke.system, HOLDS).step(cast(Spoke, spoke))

    async def enter(self, spoke: MemorySpoke, values: dict[str, Any], **row: Any) -> LocalRecord:
        """A record entered in one system, and delivered."""
        entered = spoke.holds(LocalRecord(spoke.system, **row))
        await self.merge(entered.edit(values))
        await self.deliver()
        return entered

    async def announced(self, topic: str, tenant: UUID = TENANT) -> list[dict[str, Any]]:
        """The data of the events of a topic in the outbox, the oldest first."""
        async with transaction(self.sessions, tenant) as session:
            found = select(OutboxRow.data).where(OutboxRow.topic == topic).order_by(OutboxRow.id)
            rows: Sequence[bytes] = (await session.scalars(found)).all()
        return [orjson.loads(data) for data in rows]
