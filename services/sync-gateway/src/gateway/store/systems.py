"""The spokes: which systems there are, whether they are paused, how they answer.

These tables belong to no tenant.
"""

from typing import Any
from uuid import UUID

import structlog
from chassis import clock
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Integer,
    Table,
    Text,
    Uuid,
    false,
    func,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.merge.register import microseconds
from gateway.store.tables import Base

log = structlog.get_logger()

SYSTEMS = Table(
    "systems",
    Base.metadata,
    Column("name", Text, primary_key=True),
    Column("paused_at", DateTime(timezone=True)),
    Column("paused_by", Text),
    Column("away_since", DateTime(timezone=True)),
    Column("away_because", Text),
    Column("latency", JSONB, nullable=False, server_default=text("'{}'")),
    Column("status", JSONB),
    Column("restored_at", DateTime(timezone=True)),
    Column("restored_because", Text),
    Column("compare_after", Uuid),
    Column("compare_begun", BigInteger, nullable=False, server_default="0"),
    Column("compare_done", BigInteger, nullable=False, server_default="0"),
    Column("compare_total", BigInteger, nullable=False, server_default="0"),
    Column("joining", Boolean, nullable=False, server_default=false()),
    Column("kinds", JSONB),
    Column("tenants", JSONB(none_as_null=True)),
    Column("registration", JSONB(none_as_null=True)),
    Column("leaving", Boolean, nullable=False, server_default=false()),
)
"""One row per system. `latency` holds `p50_seconds`, `p99_seconds` and `count` of the newest deliveries.

`status` is the last polled status: null before the first poll, `NO_STATUS` when the system has none. From
`restored_at` on all its records are compared (`gateway.deliver.compare`), in the order of canonical ids;
`compare_after` is the position (null when all are begun). The same happens when a system begins to hold kinds
(`joining`). `kinds` are the kinds that it holds: {kind: "writes" or "reads"}, null before the worker has stored
them (`gateway.store.holding`), and `tenants` those of a registered system that holds the records of some tenants
only. `registration` is null for systems of the settings. A system that is `leaving` is removed as soon as the
worker has deleted what was due there."""

NO_STATUS: dict[str, Any] = {}

EPOCHS = Table(
    "epochs",
    Base.metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("epoch", BigInteger, nullable=False),
    Column("renewed_from", BigInteger, nullable=False, server_default="0"),
)
"""One row: how often the hub found itself older than its systems, and the revision from which it continued."""


async def renewed_from(session: AsyncSession) -> int:
    """The smallest revision that any register may have once all systems are compared."""
    return await session.scalar(select(EPOCHS.c.renewed_from)) or 0


async def note_behind(session: AsyncSession, rev: int, because: str) -> None:
    """A system has a revision that the hub never assigned: the hub was restored. Continue above it, and compare all.

    Nothing is done when the hub has continued above it already: then the comparison is running.
    """
    above = {"epoch": EPOCHS.c.epoch + 1, "renewed_from": max(rev + 1, microseconds(clock.now()))}
    raised = update(EPOCHS).where(EPOCHS.c.renewed_from <= rev).values(above).returning(EPOCHS.c.epoch)
    if await session.scalar(raised) is not None:
        for name in await session.scalars(select(SYSTEMS.c.name).order_by(SYSTEMS.c.name)):
            await note_restored(session, name, because, again=True)


async def register(session: AsyncSession, names: list[str]) -> None:
    """Insert missing rows of configured systems."""
    rows = [{"name": name} for name in names]
    if not rows:
        return
    await session.execute(insert(SYSTEMS).values(rows).on_conflict_do_nothing())


async def all_systems(session: AsyncSession) -> list[dict[str, Any]]:
    """Every system's row, by name; `paused_for` is whether the tenant has paused it, or an operator for all.

    A system that is registered for other tenants is shown to operators only, and so is every registration.
    """
    return [dict(row._mapping) for row in await session.execute(ALL)]


ALL = text("""
    select systems.name, coalesce(systems.paused_at, pauses.paused_at) as paused_at,
        case when systems.paused_at is null then pauses.paused_by else systems.paused_by end as paused_by,
        case when systems.paused_at is not null then 'all_tenants'
             when pauses.paused_at is not null then 'tenant' end as paused_for,
        systems.away_since, systems.away_because, systems.latency, systems.status, systems.restored_at,
        systems.restored_because, systems.compare_after, systems.compare_begun, systems.compare_done,
        systems.compare_total, systems.joining, coalesce(systems.registration -> 'kinds', systems.kinds) as kinds,
        case when current_setting('app.operator', true) = 'on' then systems.registration end as registration
    from systems left join pauses on pauses.system = systems.name and pauses.resumed_at is null
        and pauses.tenant_id = nullif(current_setting('app.tenant', true), '')::uuid
    where not systems.leaving
        and (systems.registration is null or systems.registration -> 'tenants' = 'null'
            or systems.registration -> 'tenants' ? current_setting('app.tenant', true)
            or coalesce(current_setting('app.tenant', true), '') = ''
            or current_setting('app.operator', true) = 'on')
    order by systems.name
    """)


async def paused(session: AsyncSession) -> set[str]:
    """The names of the systems that are paused for all tenants."""
    return set(await session.scalars(select(SYSTEMS.c.name).where(SYSTEMS.c.paused_at.is_not(None))))


async def pause(session: AsyncSession, name: str, by: str) -> None:
    """Stop reading from and delivering to a system, for all tenants. An active pause keeps its author."""
    running = SYSTEMS.c.name == name, SYSTEMS.c.paused_at.is_(None)
    await session.execute(update(SYSTEMS).where(*running).values(paused_at=clock.now(), paused_by=by))


async def resume(session: AsyncSession, name: str) -> None:
    """End the pause for all tenants; waiting messages are read, due deliveries are sent."""
    await session.execute(update(SYSTEMS).where(SYSTEMS.c.name == name).values(paused_at=None, paused_by=None))


async def note_health(session: AsyncSession, name: str, away_because: str | None) -> None:
    """Store since when a system is unavailable and why, or that it is available."""
    since = func.coalesce(SYSTEMS.c.away_since, clock.now()) if away_because else None
    news = SYSTEMS.c.name == name, SYSTEMS.c.away_because.is_distinct_from(away_because)
    await session.execute(update(SYSTEMS).where(*news).values(away_since=since, away_because=away_because))


async def note_restored(session: AsyncSession, name: str, because: str, *, again: bool = False) -> None:
    """A system was restored from a backup: all its records must be compared.

    `again`: from the beginning, if a comparison is running already.
    """
    found = SYSTEMS.c.name == name, *(() if again else (SYSTEMS.c.restored_at.is_(None),))
    await session.execute(update(SYSTEMS).where(*found).values(comparison(because, joining=False)))


def comparison(because: str, *, joining: bool) -> dict[str, Any]:
    """The column values that start a comparison of all records of a system."""
    begin = {"compare_after": UUID(int=0), "compare_begun": 0, "compare_done": 0, "compare_total": 0}
    return {**begin, "restored_at": clock.now(), "restored_because": because, "joining": joining}


async def note_latency(session: AsyncSession, name: str, latency: dict[str, float]) -> None:
    """Publish the latency percentiles of the newest deliveries to a system."""
    await session.execute(update(SYSTEMS).where(SYSTEMS.c.name == name).values(latency=latency))
