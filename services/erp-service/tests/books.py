"""Transactions that run at the same time and really commit."""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import uuid4

from chassis.db import create_engine, session_factory, transaction
from chassis.errors import Conflict, NotFound
from erp.wiring import SERVICE
from sqlalchemy.ext.asyncio import AsyncSession

Work = Callable[[AsyncSession], Awaitable[object]]


class Books:
    """A database whose transactions really commit, for one tenant after another."""

    def __init__(self, address: str) -> None:
        self._runner = asyncio.Runner()
        self._engine = create_engine(address, SERVICE.name, "app", pool_size=8)
        self._sessions = session_factory(self._engine)
        self.tenant = uuid4()

    def close(self) -> None:
        self._runner.run(self._engine.dispose())
        self._runner.close()

    def at_once(self, *works: Work) -> list[object]:
        """Each in a transaction of its own, all at the same time; what the rules refuse is answered as None."""
        return self._runner.run(self._all(works))

    async def _all(self, works: tuple[Work, ...]) -> list[object]:
        return list(await asyncio.gather(*(self._one(work) for work in works)))

    async def _one(self, work: Work) -> object:
        try:
            async with transaction(self._sessions, self.tenant) as session:
                return await work(session)
        except (Conflict, NotFound):
            return None
