"""Merging messages that were held back during a tenant's pause, the oldest first, after the pause."""

from collections.abc import Callable
from uuid import UUID

import structlog
from chassis import clock
from chassis.db import Sessions, is_passing, trace_of, transaction
from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.ingest.consume import read
from gateway.ingest.fold import fold
from gateway.ingest.load import load
from gateway.kinds.holders import Holdings
from gateway.store import pauses
from gateway.store.load import save
from gateway.store.pauses import HeldBack
from gateway.store.quarantine import Quarantined, hold
from gateway.store.registrations import Connected

log = structlog.get_logger()
BATCH = 500


class HeldBackIngest:
    """Ends pauses. `merged` is called after each commit that may have made deliveries due."""

    def __init__(self, sessions: Sessions, holdings: Holdings, merged: Callable[[], None] = lambda: None) -> None:
        self.sessions = sessions
        self.connected = Connected(holdings)
        self.merged = merged

    async def run(self) -> None:
        """Merge the held-back messages of ended pauses, alternating between them."""
        while await self.step():
            pass

    async def step(self) -> int:
        """Merge one batch of each such pause; returns the number of messages. A failing pause does not block others."""
        async with transaction(self.sessions) as session:
            ended = await pauses.resumed(session)
        done = 0
        for tenant, system in ended:
            try:
                done += await self._merge(tenant, system, BATCH)
            except Exception:
                log.exception("held_back_failed", tenant=str(tenant), system=system)
        if done:
            self.merged()
        return done

    async def _merge(self, tenant: UUID, system: str, limit: int) -> int:
        try:
            async with transaction(self.sessions) as session:
                rows = await pauses.oldest(session, tenant, system, limit)
                await self._fold(session, rows)
        except Exception as error:
            if is_passing(error):
                raise
            if limit == 1:
                return await self._quarantine(tenant, system, error)
            return await self._merge(tenant, system, limit // 2)
        if not rows:
            async with transaction(self.sessions) as session:
                await pauses.end(session, tenant, system)
        return len(rows)

    async def _fold(self, session: AsyncSession, rows: list[HeldBack]) -> None:
        if not rows:
            return
        holdings = await self.connected.current(session)
        batch = [read(row.message(), holdings) for row in rows]
        state = await load(session, batch, holdings, self.connected.policies)
        fold(state, batch, clock.now())
        await save(session, state)
        await _forget(session, rows)

    async def _quarantine(self, tenant: UUID, system: str, error: Exception) -> int:
        """Quarantine the oldest message, which cannot be merged; the others continue."""
        facts = {"tenant": str(tenant), "system": system}
        log.error("held_back_message_quarantined", **facts, error=str(error), exc_info=trace_of(error))
        async with transaction(self.sessions) as session:
            rows = await pauses.oldest(session, tenant, system, 1)
            for row in rows:
                await hold(session, Quarantined.of(row.message(), f"{type(error).__name__}: {error}", clock.now()))
            await _forget(session, rows)
        return len(rows)


async def _forget(session: AsyncSession, rows: list[HeldBack]) -> None:
    await session.execute(delete(HeldBack).where(HeldBack.id.in_([row.id for row in rows])))
