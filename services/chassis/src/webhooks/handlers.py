"""The worker's task: events become messages, and messages are sent, each webhook apart from all others."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import httpcore
import structlog
from chassis import clock
from chassis.db import Sessions, transaction
from chassis.health import beat
from chassis.service import Running
from chassis.wakeup import Wakeup
from chassis.worker import AtOnce, Task, each_alone, pause
from sealing import Seal

from webhooks import queue
from webhooks.queue import Outgoing, Place
from webhooks.rules import headers
from webhooks.sealed import opened, seal_all
from webhooks.sending import Attempt, pool, post

log = structlog.get_logger()
POLL_SECONDS = 1.0
PATIENCE_SECONDS = 2.0
WEBHOOKS_AT_ONCE = 50
ROUNDS = 20
"""A webhook with more messages than these rounds send lets others have its place for a moment."""


class Sending:
    """Sends what is due. A webhook that is slow, or fails, has a task of its own and holds up no other."""

    def __init__(self, sessions: Sessions, keys: Sequence[str], *, private: bool, wakeup: Wakeup | None = None) -> None:
        self.sessions = sessions
        self.wakeup = wakeup or Wakeup()
        self.private = private
        self._keys, self._seal = keys, Seal(keys)

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop`. What is on its way then is sent again when its lease has run out, unless it ends soon."""
        await seal_all(self.sessions, self._keys)
        async with pool(private=self.private) as connections:
            serving = self._serving(connections)
            try:
                while not stop.is_set():
                    count = self.wakeup.count
                    await self.collect()
                    busy = serving.begin(await self._due())
                    await pause(stop, POLL_SECONDS)
                    if not busy:
                        await self.wakeup.wait(stop, count, polling_seconds=0)
            finally:
                await serving.end(PATIENCE_SECONDS)

    async def step(self) -> None:
        """Do once all that can be done now."""
        await self.collect()
        places = await self._due()
        async with pool(private=self.private) as connections:
            await asyncio.gather(*map(self._serving(connections).alone, places))

    async def collect(self) -> None:
        """Turn new events into messages."""
        async with transaction(self.sessions) as session:
            places = await queue.behind(session)
        await each_alone(places, self._enqueue)

    async def _enqueue(self, place: Place) -> None:
        async with transaction(self.sessions, place.tenant) as session:
            await queue.enqueue(session, place.id)

    async def _due(self) -> list[Place]:
        async with transaction(self.sessions) as session:
            return await queue.due(session, clock.now())

    def _serving(self, connections: httpcore.AsyncConnectionPool) -> AtOnce[Place]:
        return AtOnce(lambda place: self._serve(connections, place), WEBHOOKS_AT_ONCE)

    async def _serve(self, connections: httpcore.AsyncConnectionPool, place: Place) -> None:
        for _ in range(ROUNDS):
            beat()
            now = clock.now()
            async with transaction(self.sessions, place.tenant) as session:
                taken = await queue.take(session, place.id, now)
            if taken is None:
                return
            webhook, messages = taken
            secrets = [opened(self._seal, place.id, stored) for stored in webhook.secrets(now)]
            attempts = await self._send(connections, webhook.url, secrets, messages, now)
            async with transaction(self.sessions, place.tenant) as session:
                await queue.settle(session, place.id, attempts, clock.now())

    async def _send(
        self,
        connections: httpcore.AsyncConnectionPool,
        url: str,
        secrets: list[bytes],
        messages: list[Outgoing],
        now: datetime,
    ) -> Mapping[UUID, Attempt | None]:
        if not self.private and not url.startswith("https://"):
            refused = Attempt(None, "the address is not HTTPS")
            return {message.id: refused if message.body else None for message in messages}

        async def one(message: Outgoing) -> Attempt | None:
            if message.body is None:
                return None
            signed = headers(secrets, str(message.event_id), int(now.timestamp()), message.body)
            return await post(connections, url, {"content-type": queue.EVENT, **signed}, message.body)

        outcomes = await asyncio.gather(*map(one, messages))
        return {message.id: outcome for message, outcome in zip(messages, outcomes, strict=True)}


def tasks(running: Running) -> Mapping[str, Task]:
    """What the worker does for webhooks."""
    private = running.settings.webhooks_private_networks
    sending = Sending(running.sessions, running.settings.sealing_keys, private=private, wakeup=running.wakeup)
    return {"webhooks": sending.run}
