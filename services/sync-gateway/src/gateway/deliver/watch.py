"""Polling of one system's status, to detect at once that it is unavailable, available again, or was restored."""

import asyncio
from collections.abc import Mapping
from typing import Any, NamedTuple
from uuid import UUID

import httpx
import structlog
from access.identity import ServiceIdentity
from chassis.client import Unreachable, call
from chassis.db import Sessions, transaction
from chassis.replication.status import UNKNOWN
from chassis.worker import pause
from sqlalchemy import select, update

from gateway.deliver import compare
from gateway.deliver.loop import Delivering
from gateway.store.systems import NO_STATUS, SYSTEMS, note_health, note_restored

log = structlog.get_logger()
POLL_SECONDS = 2.0
AWAY_SECONDS = 0.5
COMPARE_SECONDS = 0.2
IDLE_SECONDS = 60.0
NO_TENANT = UUID(int=0)


class Seen(NamedTuple):
    """The parts of a system's status that reveal a restore."""

    incarnation: str
    position: int

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> "Seen":
        return cls(str(answer["incarnation"]), int(answer["position"]))


def restored(before: Seen | None, now: Seen) -> str | None:
    """The reason why the system must have been restored since the last poll, or None."""
    if before is None:
        return None
    if _is_another(before.incarnation, now.incarnation):
        return f"its database has changed: {before.incarnation} has become {now.incarnation}"
    if now.position < before.position:
        return f"its newest event was {before.position} and is now {now.position}"
    return None


def _is_another(before: str, now: str) -> bool:
    """Whether two incarnations, `<server>/<database>`, differ in the parts that both contain."""
    (server_before, _, database_before), (server_now, _, database_now) = before.rpartition("/"), now.rpartition("/")
    return database_before != database_now or (
        UNKNOWN not in (server_before, server_now) and server_before != server_now
    )


class Watching:
    """One system under watch, beside its deliveries. `restored` is set while it is to be compared."""

    def __init__(
        self,
        sessions: Sessions,
        delivering: Delivering,
        identity: ServiceIdentity,
        restored: asyncio.Event | None = None,
    ) -> None:
        self.sessions = sessions
        self.delivering = delivering
        self.identity = identity
        self.system = delivering.system
        self.away = False
        self.restored = restored or asyncio.Event()
        self._seen: Seen | None = None

    async def run(self, client: httpx.AsyncClient, stop: asyncio.Event) -> None:
        """Poll every few seconds; while a restored system is compared, begin batch after batch."""
        comparing = asyncio.create_task(self._compare(stop))
        try:
            while not stop.is_set():
                await self.look(client)
                await pause(stop, AWAY_SECONDS if self.away else POLL_SECONDS)
        finally:
            comparing.cancel()

    async def look(self, client: httpx.AsyncClient) -> None:
        """Poll once. A system without a status endpoint counts as available."""
        headers = {"Authorization": f"Bearer {self.identity.token(NO_TENANT, ['replication:write'])}"}
        try:
            answer = await call(client, "GET", "/replication/v1/status", headers=headers)
        except Unreachable as error:
            await self._note_away(str(error))
            return
        await self._note_back()
        if answer.is_success:
            await self._read(answer)
        elif answer.status_code == httpx.codes.NOT_FOUND:
            async with transaction(self.sessions) as session:
                unasked = SYSTEMS.c.name == self.system, SYSTEMS.c.status.is_(None)
                await session.execute(update(SYSTEMS).where(*unasked).values(status=NO_STATUS))

    async def _read(self, answer: httpx.Response) -> None:
        try:
            said = answer.json()
            seen = Seen.of(said)
        except (ValueError, KeyError, TypeError) as error:
            log.warning("status_unreadable", system=self.system, error=repr(error))
            return
        if seen != self._seen:
            await self._follow(said)
            self._seen = seen

    async def _follow(self, said: dict[str, Any]) -> None:
        async with transaction(self.sessions) as session:
            known = await session.scalar(select(SYSTEMS.c.status).where(SYSTEMS.c.name == self.system))
            because = restored(Seen.of(known) if known else None, Seen.of(said))
            if because is not None:
                log.warning("system_restored", system=self.system, because=because)
                await note_restored(session, self.system, because, again=True)
            await session.execute(update(SYSTEMS).where(SYSTEMS.c.name == self.system).values(status=said))

    async def _note_away(self, because: str) -> None:
        if not self.away:
            log.warning("system_does_not_answer", system=self.system, because=because)
        self.away = True
        async with transaction(self.sessions) as session:
            await note_health(session, self.system, because)

    async def _note_back(self) -> None:
        if self.away:
            self.delivering.answers.set()
        if self.away and not self.delivering.away:
            log.warning("system_answers", system=self.system)
            async with transaction(self.sessions) as session:
                await note_health(session, self.system, None)
        self.away = False

    async def _compare(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                self.restored.clear()
                going_on = await compare.step(self.sessions, self.system)
            except Exception:
                log.exception("comparison_failed", system=self.system)
                going_on = False
            if going_on:
                self.delivering.due.set()
            await pause(stop, COMPARE_SECONDS) if going_on else await pause(stop, IDLE_SECONDS, self.restored)
