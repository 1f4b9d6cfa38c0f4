"""The worker's task: queued messages are sent, each channel apart from all others."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

import httpcore
import structlog
from access.tenants import is_suspended
from chassis import clock
from chassis.db import Sessions, is_passing, storable, transaction
from chassis.service import Running
from chassis.wakeup import Wakeup
from chassis.worker import AtOnce, Task, pause
from sealing import NoKey, NotSealed, Seal
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from webhooks.sending import Attempt, pool, post

from crm.activities.messages import commands
from crm.activities.messages.models import MessageChannel, TextMessage
from crm.activities.messages.rules import Driver, TextMessageState, request_of
from crm.settings import Settings

log = structlog.get_logger()
LEASE = timedelta(minutes=15)
"""A message that a process was sending when it died is sent again after this time: a gateway that knows `$id` sends it
once."""

SENT_AT_ONCE, CHANNELS_AT_ONCE = 20, 20
POLL_SECONDS = 1.0
TRIED_AGAIN = frozenset({408, 425, 429, *range(500, 600)})
WAITING = (TextMessageState.QUEUED, TextMessageState.SENDING)


class Place(NamedTuple):
    """A channel, and whose it is."""

    tenant: UUID
    id: UUID


class Messaging:
    """Sends what is due. A gateway that is slow or away holds up its own channel only; those of suspended tenants
    wait."""

    def __init__(self, sessions: Sessions, settings: Settings, wakeup: Wakeup | None = None) -> None:
        self.sessions, self.private = sessions, settings.webhooks_private_networks
        self.seal = Seal(settings.sealing_keys)
        self.wakeup = wakeup or Wakeup()

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop`."""
        async with pool(private=self.private) as connections:
            serving = self._serving(connections)
            try:
                while not stop.is_set():
                    count = self.wakeup.count
                    busy = serving.begin(await self._due())
                    await pause(stop, POLL_SECONDS)
                    if not busy:
                        await self.wakeup.wait(stop, count, polling_seconds=0)
            finally:
                await serving.end()

    async def step(self) -> None:
        """Do once all that can be done now."""
        async with pool(private=self.private) as connections:
            await asyncio.gather(*map(self._serving(connections).alone, await self._due()))

    def _serving(self, connections: httpcore.AsyncConnectionPool) -> AtOnce[Place]:
        return AtOnce(lambda place: self._serve(connections, place), CHANNELS_AT_ONCE)

    async def _due(self) -> list[Place]:
        waiting = select(TextMessage.tenant_id, TextMessage.channel_id).where(
            TextMessage.state.in_(WAITING), TextMessage.due_at <= clock.now(), ~is_suspended(TextMessage.tenant_id)
        )
        async with transaction(self.sessions) as session:
            return [Place(*row) for row in await session.execute(waiting.distinct())]

    async def _serve(self, connections: httpcore.AsyncConnectionPool, place: Place) -> None:
        channel, messages = await self._taken(place)
        if channel is None:
            return
        for message in messages:
            await self._settle(place, message.id, await self._attempt(connections, channel, message))

    async def _taken(self, place: Place) -> tuple[MessageChannel | None, list[TextMessage]]:
        """Lease the next messages; those of a channel that is off wait."""
        now = clock.now()
        due = (
            select(TextMessage)
            .where(TextMessage.channel_id == place.id, TextMessage.state.in_(WAITING), TextMessage.due_at <= now)
            .order_by(TextMessage.due_at, TextMessage.id)
            .limit(SENT_AT_ONCE)
        )
        async with transaction(self.sessions, place.tenant) as session:
            channel = await session.get(MessageChannel, place.id)
            messages = list(await session.scalars(due.with_for_update(skip_locked=True)))
            usable = channel is not None and channel.usable
            for each in messages:
                each.due_at = now + LEASE
                if usable:
                    each.state = TextMessageState.SENDING
        return (channel if usable else None), messages

    async def _attempt(
        self, connections: httpcore.AsyncConnectionPool, channel: MessageChannel, message: TextMessage
    ) -> Attempt:
        if channel.driver == Driver.LOG:
            log.info("text_message_not_sent", channel=str(channel.id), text_message=str(message.id), driver="log")
            return Attempt(200, None)
        try:
            return await self._post(connections, channel, message)
        except Exception as error:
            log.exception("text_message_failed", text_message=str(message.id))
            return Attempt(None, f"it cannot be sent: {type(error).__name__}")

    async def _post(
        self, connections: httpcore.AsyncConnectionPool, channel: MessageChannel, message: TextMessage
    ) -> Attempt:
        gateway = channel.gateway or {}
        if not self.private and not gateway["url"].startswith("https://"):
            return Attempt(400, "the address of the gateway is not HTTPS")
        secret = ""
        if channel.sealed_secret is not None:
            try:
                secret = self.seal.opened(channel.sealed_secret, about=channel.about).decode()
            except (NoKey, NotSealed):
                return Attempt(None, "the secret of the channel cannot be opened: set SEALING_KEYS, or send it again")
        values = {
            "to": message.party,
            "from": channel.sender or "",
            "text": message.text,
            "id": str(message.id),
            "secret": secret,
        }
        request = request_of(gateway, values)
        return await post(connections, request.url, request.headers, request.body.encode())

    async def _settle(self, place: Place, message_id: UUID, attempt: Attempt) -> None:
        now = clock.now()
        async with transaction(self.sessions, place.tenant) as session:
            message = await session.get_one(TextMessage, message_id, with_for_update=True)
            channel = await session.get_one(MessageChannel, place.id, with_for_update=True)
            if message.state != TextMessageState.SENDING:
                return
            if attempt.delivered:
                message.sent(now)
                channel.trouble = None
                await session.flush()
                await _enter(session, message, channel)
            else:
                permanent = attempt.status is not None and attempt.status not in TRIED_AGAIN
                reason = storable(attempt.error or "")
                message.refused(reason, now, permanent=permanent)
                channel.trouble = reason


async def _enter(session: AsyncSession, message: TextMessage, channel: MessageChannel) -> None:
    """Enter a sent message in the history. It has left: without its entry it is sent all the same, and not again."""
    try:
        async with session.begin_nested():
            await commands.enter(session, message, channel, message.created_by)
    except Exception as error:
        if is_passing(error):
            raise
        log.exception("text_message_not_entered", text_message=str(message.id))


def tasks(running: Running) -> Mapping[str, Task]:
    """What the worker does for text messages."""
    settings = running.settings
    if not isinstance(settings, Settings):
        raise TypeError("the worker of another service")
    return {"messages": Messaging(running.sessions, settings, running.wakeup).run}
