"""Kinds of record that a system refuses as a whole, and the time of the next attempt."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Integer, Text, delete, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from gateway.store.load import wake
from gateway.store.tables import Base

LONGEST_PAUSE_SECONDS = 60


class RefusedKind(Base):
    """One kind that one system refuses for one tenant. Until `again_at` nothing of it is sent there."""

    __tablename__ = "refused_kinds"

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    system: Mapped[str] = mapped_column(Text, primary_key=True)
    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    reason: Mapped[str] = mapped_column(Text)
    since: Mapped[datetime]
    tries: Mapped[int] = mapped_column(Integer)
    again_at: Mapped[datetime]


NOTE = text(f"""
    insert into refused_kinds (tenant_id, system, kind, reason, since, tries, again_at)
    values (:tenant, :system, :kind, :reason, :now, 1, cast(:now as timestamptz) + interval '1 second')
    on conflict (tenant_id, system, kind) do update set reason = excluded.reason, tries = refused_kinds.tries + 1,
        again_at = cast(:now as timestamptz)
            + least({LONGEST_PAUSE_SECONDS}, power(2, least(refused_kinds.tries, 10))) * interval '1 second'
    """)  # noqa: S608  (a constant only)


def kind_token(kind: str, system: str) -> str:
    """The token of deliveries that wait because their kind is refused."""
    return f"{system} to take records of the kind {kind}"


async def note(session: AsyncSession, tenant: UUID, system: str, kind: str, reason: str, now: datetime) -> None:
    """Store the refusal; the pause until the next call doubles, up to a minute."""
    values = {"tenant": tenant, "system": system, "kind": kind, "reason": reason, "now": now}
    await session.execute(NOTE, values)


async def known(session: AsyncSession, system: str) -> set[tuple[UUID, str]]:
    """The tenants and kinds that the system refused at the last attempt."""
    found = await session.execute(select(RefusedKind.tenant_id, RefusedKind.kind).where(RefusedKind.system == system))
    return {(row.tenant_id, row.kind) for row in found}


async def forget(session: AsyncSession, tenant: UUID, system: str, kind: str) -> None:
    """The system accepts the kind: make waiting deliveries due."""
    mine = (RefusedKind.tenant_id == tenant, RefusedKind.system == system, RefusedKind.kind == kind)
    await session.execute(delete(RefusedKind).where(*mine))
    await wake(session, [kind_token(kind, system)])
