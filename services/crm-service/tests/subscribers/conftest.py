"""A database whose transactions commit, a tenant of each test's own, a sender and receivers."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from chassis.db import Sessions, create_engine, session_factory, transaction
from chassis.outbox import OutboxRow
from chassis.relay import MOVE
from chassis.testing import Database, application, caller
from crm.wiring import SERVICE
from sqlalchemy import select, text
from webhooks.handlers import Sending

from .receiver import Receiver, receiving

SCOPES = "webhooks:read webhooks:write customers:read customers:write contacts:read contacts:write"


@dataclass
class Desk:
    """What a test works with: the API of its tenant, and the worker's part of webhooks."""

    api: httpx.AsyncClient
    worker: Sessions
    sending: Sending
    tenant: UUID
    with_scopes: Callable[[str], httpx.AsyncClient]

    @property
    def keys(self) -> tuple[str, ...]:
        found: tuple[str, ...] = application(SERVICE).state.settings.sealing_keys
        return found

    async def subscribe(self, url: str, *kinds: str, **more: Any) -> dict[str, Any]:
        made = await self.api.post("/v1/webhooks", json={"url": url, "kinds": kinds or ["customer"], **more})
        assert made.status_code == 201, made.text
        found: dict[str, Any] = made.json()
        return found

    async def customer(self, name: str = "Alfreds") -> dict[str, Any]:
        made = await self.api.post("/v1/customers", json={"name": name})
        assert made.status_code == 201, made.text
        found: dict[str, Any] = made.json()
        return found

    async def relay(self) -> None:
        """Do what the relay does once the broker has acknowledged all that waits."""
        async with transaction(self.worker) as session:
            ids = (await session.scalars(select(OutboxRow.id).order_by(OutboxRow.id))).all()
            await MOVE.fetch(session, {"ids": ids})

    async def send(self) -> None:
        await self.relay()
        await self.sending.step()

    async def wait_no_longer(self) -> None:
        """Let every pause be over."""
        async with transaction(self.worker) as session:
            await session.execute(text("update webhook_messages set due_at = now() - interval '1 s'"))
            await session.execute(text("update webhooks set paused_until = null, leased_until = null"))

    async def messages(self) -> list[dict[str, Any]]:
        found = (await self.api.get("/v1/webhook-messages", params={"sort": "position"})).json()["items"]
        return list(found)

    async def webhook(self, id_: str) -> dict[str, Any]:
        found: dict[str, Any] = (await self.api.get(f"/v1/webhooks/{id_}")).json()
        return found


@pytest.fixture(scope="module")
def committed(database: Database) -> str:
    return database(SERVICE.name, SERVICE.metadata, SERVICE.versions, "webhooks")


@pytest.fixture
async def desk(committed: str) -> AsyncIterator[Desk]:
    tenant = uuid4()
    app, worker = create_engine(committed, "crm", "app"), create_engine(committed, "crm", "worker")
    sessions, working = session_factory(app), session_factory(worker)
    async with caller(SERVICE, sessions, SCOPES, tenant) as api:
        sending = Sending(working, application(SERVICE).state.settings.sealing_keys, private=True)
        yield Desk(api, working, sending, tenant, lambda scopes: caller(SERVICE, sessions, scopes, tenant))
    async with transaction(working) as session:
        await session.execute(text("delete from webhooks"))
    await app.dispose()
    await worker.dispose()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as made:
        yield made
