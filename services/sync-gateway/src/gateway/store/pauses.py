"""One tenant's pause of a system: its messages are read and stored in order, and nothing is delivered for the tenant.

A topic contains the messages of all tenants, so its partitions cannot stop for one of them. Messages read during the
pause are stored in `held_back`. After the end of the pause the worker merges them, the oldest first; until all are
merged, newer messages are stored behind them. Then the row of the pause is deleted.

Events that a system sends over HTTP are stored in the same place, with a row of a pause that has ended already.
"""

from datetime import datetime
from typing import Self
from uuid import UUID

from chassis import clock
from chassis.bus import Message
from sqlalchemy import BigInteger, Identity, Index, Integer, LargeBinary, Text, bindparam, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from gateway.store.quarantine import packed_headers, unpacked_headers
from gateway.store.tables import Base


class Pause(Base):
    """A system that one tenant has paused. With `resumed_at`, its held-back messages are being merged."""

    __tablename__ = "pauses"

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    system: Mapped[str] = mapped_column(Text, primary_key=True)
    paused_at: Mapped[datetime]
    paused_by: Mapped[str] = mapped_column(Text)
    resumed_at: Mapped[datetime | None]


class HeldBack(Base):
    """A whole message that was read during a pause, or received over HTTP, with its `event_id`. `id` is its order."""

    __tablename__ = "held_back"
    __table_args__ = (
        Index("ix_held_back_order", "tenant_id", "system", "id"),
        Index(
            "ix_held_back_event",
            "tenant_id",
            "system",
            "event_id",
            unique=True,
            postgresql_where=text("event_id is not null"),
        ),
    )

    tenant_id: Mapped[UUID]
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    system: Mapped[str] = mapped_column(Text)
    topic: Mapped[str] = mapped_column(Text)
    partition: Mapped[int] = mapped_column(Integer)
    log_offset: Mapped[int] = mapped_column(BigInteger)
    key: Mapped[bytes | None] = mapped_column(LargeBinary)
    value: Mapped[bytes | None] = mapped_column(LargeBinary)
    headers: Mapped[list[list[str | None]]] = mapped_column(JSONB)
    event_id: Mapped[UUID | None]

    @classmethod
    def of(cls, tenant_id: UUID, system: str, message: Message) -> Self:
        return cls(
            tenant_id=tenant_id,
            system=system,
            topic=message.topic,
            partition=message.partition,
            log_offset=message.offset,
            key=message.key,
            value=message.value,
            headers=packed_headers(message.headers),
        )

    def message(self) -> Message:
        """The original message."""
        headers = unpacked_headers(self.headers)
        return Message(self.topic, self.key, self.value, headers, self.partition, self.log_offset)


PAUSE = text("""
    insert into pauses (tenant_id, system, paused_at, paused_by)
    values (cast(current_setting('app.tenant') as uuid), :system, :now, :by)
    on conflict (tenant_id, system) do update
        set paused_at = excluded.paused_at, paused_by = excluded.paused_by, resumed_at = null
        where pauses.resumed_at is not null
    """)
QUEUE = text("""
    insert into pauses (tenant_id, system, paused_at, paused_by, resumed_at)
    values (cast(current_setting('app.tenant') as uuid), :system, :now, 'events over HTTP', :now)
    on conflict (tenant_id, system) do update set system = excluded.system
    """)
RESUME = text("update pauses set resumed_at = :now where system = :system and resumed_at is null")
KEPT = select(Pause.tenant_id, Pause.system).with_for_update(read=True)
RESUMED = text("""
    select pauses.tenant_id, pauses.system from pauses join systems on systems.name = pauses.system
    where pauses.resumed_at is not null and systems.paused_at is null order by pauses.resumed_at
    """)
OURS = Pause.tenant_id == bindparam("tenant"), Pause.system == bindparam("name")
ENDING = select(Pause.system).where(*OURS, Pause.resumed_at.is_not(None))
MINE_ALONE = text("select pg_advisory_xact_lock(hashtextextended('held back ' || :tenant || :name, 0))")
END = text("""
    delete from pauses where tenant_id = :tenant and system = :name
        and not exists (select from held_back where tenant_id = :tenant and system = :name)
    """)


async def pause(session: AsyncSession, system: str, by: str, now: datetime) -> None:
    """Pause a system for the tenant of the transaction. An active pause keeps its author."""
    await session.execute(PAUSE, {"system": system, "by": by, "now": now})


async def queue(session: AsyncSession, system: str, now: datetime) -> None:
    """Have held-back messages merged that this transaction adds, unless the tenant has paused the system.

    The row is locked, so that it is not deleted meanwhile.
    """
    await session.execute(QUEUE, {"system": system, "now": now})


async def resume(session: AsyncSession, system: str, now: datetime) -> None:
    """End the tenant's pause; held-back messages are merged in their order."""
    await session.execute(RESUME, {"system": system, "now": now})


async def pause_all(session: AsyncSession, by: str) -> None:
    """Pause every system for the tenant of the transaction."""
    for name in await session.scalars(text("select name from systems order by name")):
        await pause(session, name, by, clock.now())


async def resume_all(session: AsyncSession, by: str) -> None:
    """End the tenant's pauses of this author; those of others stay."""
    mine = select(Pause.system).where(Pause.paused_by == by, Pause.resumed_at.is_(None)).order_by(Pause.system)
    for name in await session.scalars(mine):
        await resume(session, name, clock.now())


async def kept_back(session: AsyncSession) -> set[tuple[UUID, str]]:
    """The tenants and systems whose messages are held back.

    The rows are locked against deletion until the transaction ends, so that its messages are not missed.
    """
    return {(row.tenant_id, row.system) for row in await session.execute(KEPT)}


async def resumed(session: AsyncSession) -> list[tuple[UUID, str]]:
    """The tenants and systems that may have held-back messages after a pause."""
    return [(row.tenant_id, row.system) for row in await session.execute(RESUMED)]


async def oldest(session: AsyncSession, tenant: UUID, system: str, limit: int) -> list[HeldBack]:
    """The next messages to merge, locked until the transaction ends; none when the tenant has paused again."""
    await session.execute(MINE_ALONE, {"tenant": str(tenant), "name": system})
    if await session.scalar(ENDING.with_for_update(read=True), {"tenant": tenant, "name": system}) is None:
        return []
    mine = select(HeldBack).where(HeldBack.tenant_id == tenant, HeldBack.system == system)
    return list(await session.scalars(mine.order_by(HeldBack.id).limit(limit)))


async def end(session: AsyncSession, tenant: UUID, system: str) -> None:
    """Delete the pause, unless messages were held back meanwhile, or the tenant has paused again."""
    names = {"tenant": tenant, "name": system}
    # Two statements: the second includes the messages of transactions for which the first has waited.
    if await session.scalar(ENDING.with_for_update(), names) is not None:
        await session.execute(END, names)
