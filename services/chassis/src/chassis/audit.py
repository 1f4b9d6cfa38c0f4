"""The audit log: an entry for each act that an auditor asks for, in the transaction of the act.

    @router.post("/{id}/pause", dependencies=[requires("sync:write"), audited])

Entries are never changed or removed. The package `audit` chains, verifies and shows them.
"""

from collections import Counter
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import Depends, Request
from sqlalchemy import Index, Text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from chassis import clock, telemetry
from chassis.db import Base, JsonObject, Session, uuid7
from chassis.history import actor_of

FACTS = "audit facts"
WINDOW_SECONDS = 600
MOST_VIEWERS = 10_000


class AuditEntry(Base):
    """One act. `action` is the name of the API's operation, or of a verb on the command line."""

    __tablename__ = "audit_entries"
    __table_args__ = (Index(None, "tenant_id", "at", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(Text)
    action: Mapped[str] = mapped_column(Text)
    facts: Mapped[JsonObject]
    correlation_id: Mapped[str | None] = mapped_column(Text)


class Unchained(Base):
    """The id of an entry that the worker has not chained yet."""

    __tablename__ = "audit_unchained"

    entry_id: Mapped[UUID] = mapped_column(primary_key=True)


def note(session: AsyncSession, action: str, facts: JsonObject, actor: str | None = None) -> None:
    """Note an act of this transaction. It is in the log if, and only if, the transaction commits."""
    entry = AuditEntry(
        id=uuid7(),
        at=clock.now(),
        actor=actor or actor_of(session),
        action=action,
        facts=facts,
        correlation_id=telemetry.correlation_id.get(),
    )
    session.add_all([entry, Unchained(entry_id=entry.id)])


def add_facts(session: AsyncSession, **facts: Any) -> None:
    """Add JSON values to the entry of the operation that is being served."""
    session.info[FACTS] = {**session.info.get(FACTS, {}), **facts}


async def _noted(request: Request, session: Session) -> AsyncIterator[None]:
    yield
    note(session, request.scope["route"].name, {**request.path_params, **session.info.get(FACTS, {})})


audited: Any = Depends(_noted, scope="function")
"""Declares an operation whose success is noted, with the parameters of its path."""


class Viewers:
    """Counts the items of lists that each caller sees in ten minutes, in this process."""

    def __init__(self, items: int) -> None:
        self._items, self._seen, self._until = items, Counter[tuple[Any, ...]](), 0.0

    def see(self, session: AsyncSession, path: str, items: int) -> None:
        """Note whoever has seen more than the declared number of items of a list."""
        now = clock.now().timestamp()
        if now > self._until or len(self._seen) > MOST_VIEWERS:
            self._seen, self._until = Counter(), now + WINDOW_SECONDS
        viewer = (session.info.get("tenant"), actor_of(session), path)
        self._seen[viewer] += items
        if self._seen[viewer] >= self._items:
            note(session, "see_list", {"path": path, "items": self._seen.pop(viewer)})
