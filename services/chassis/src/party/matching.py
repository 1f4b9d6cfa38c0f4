"""Owners that are texts, of before there were employees: which employee a text means."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from typing import Any
from uuid import UUID

from chassis.db import Sessions, transaction
from chassis.service import Running
from chassis.wakeup import woken
from chassis.worker import Retries, Task, each_alone
from contracts.normalise import name_key
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

MOST_NAMES = 1000
"""Names that are looked at together."""

SECONDS = 2.0
"""Between two looks at all tenants, at least."""

Some = Callable[[AsyncSession], Awaitable[int]]
"""Matches some records of the transaction's tenant, and returns how many they were."""

ALONE = text("select pg_advisory_xact_lock(hashtextextended('owners:' || current_setting('app.tenant'), 0))")


def task(running: Running, table: Any, some: Some) -> Task:
    """The worker's task: match the owners of a table's records."""
    retries = Retries[UUID]()

    async def match_owners() -> None:
        await match(running.sessions, retries, table, some)

    return woken(running.wakeup, SECONDS, match_owners)


async def match(sessions: Sessions, retries: Retries[UUID], table: Any, some: Some) -> None:
    """Look once at every tenant that has texts as owners. A tenant with whom that fails has pauses of its own."""
    async with transaction(sessions) as session:
        tenants = await tenants_with_texts(session, table) - set(retries.later())

    async def match_of(tenant: UUID) -> None:
        matched = 1
        while matched:
            async with transaction(sessions, tenant) as session:
                matched = await some(session)

    await each_alone(sorted(tenants), match_of, retries)


async def tenants_with_texts(session: AsyncSession, *tables: Any) -> set[UUID]:
    """The tenants of which a record has a text as its owner."""
    found: set[UUID] = set()
    for table in tables:
        found.update(await session.scalars(select(table.tenant_id).where(table.owner.is_not(None)).distinct()))
    return found


async def texts_of(session: AsyncSession, table: Any, *of: Any) -> Sequence[str]:
    """The texts that stand as owners of a table's records."""
    texts = select(table.owner).where(table.owner.is_not(None), *of).distinct().order_by(table.owner)
    return (await session.scalars(texts.limit(MOST_NAMES))).all()


async def employees_named(session: AsyncSession, employee: Any, keys: Collection[str]) -> dict[str, UUID | None]:
    """Name -> the employee of that name; None when several have it. Archived ones count where no other has the name."""
    known = select(employee.name_key, employee.id, employee.archived_at).where(employee.name_key.in_(keys))
    live: dict[str, set[UUID]] = {}
    archived: dict[str, set[UUID]] = {}
    for key, employee_id, archived_at in await session.execute(known):
        (live if archived_at is None else archived).setdefault(key, set()).add(employee_id)
    return {key: next(iter(ids)) if len(ids) == 1 else None for key, ids in {**archived, **live}.items()}


def keys_of(texts: Iterable[str]) -> dict[str, str]:
    """Text -> the words by which names are compared; a text without any word is no name and is left out."""
    return {each: key for each in texts if (key := name_key(each))}


async def some_to_match(session: AsyncSession, table: Any, texts: Collection[str], limit: int, *of: Any) -> list[UUID]:
    """Records that have one of these texts as their owner and that are not locked, locked in id order."""
    found = select(table.id).where(table.owner.in_(texts), *of).order_by(table.id).limit(limit)
    return list(await session.scalars(found.with_for_update(skip_locked=True)))


async def how_many(session: AsyncSession, table: Any, owner_id: UUID, *of: Any) -> int:
    """How many records an employee owns."""
    return int(await session.scalar(select(func.count()).where(table.owner_id == owner_id, *of)) or 0)
