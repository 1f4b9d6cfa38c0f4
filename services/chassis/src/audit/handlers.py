"""The worker's task that chains entries.

Requests only add entries, so they never wait for each other: one worker at a time chains what is committed, each tenant
in a transaction of its own.
"""

from functools import partial
from uuid import UUID

import structlog
from chassis.audit import Unchained
from chassis.db import Sessions, transaction
from chassis.service import Running
from chassis.wakeup import woken
from chassis.worker import Task, each_alone
from sqlalchemy import delete, select, text

from audit import queries
from audit.models import AuditLink
from audit.rules import next_hash

log = structlog.get_logger()
BATCH = 500
PAUSE_SECONDS = 1.0
ALONE = text("select pg_try_advisory_xact_lock(hashtextextended('audit_chain ' || cast(:tenant as text), 0))")


def tasks(running: Running) -> dict[str, Task]:
    """The worker's task. An entry of a transaction without an event is chained at the next poll."""
    return {"audit": woken(running.wakeup, PAUSE_SECONDS, partial(chain_all, running.sessions))}


async def chain_all(sessions: Sessions) -> None:
    """Chain the waiting entries of every tenant; a tenant that fails does not stop the others."""
    async with transaction(sessions) as session:
        waiting = await queries.waiting_tenants(session)

    async def whole(tenant: UUID) -> None:
        while await chain(sessions, tenant) == BATCH:
            pass

    await each_alone(waiting, whole)


async def chain(sessions: Sessions, tenant: UUID) -> int:
    """Chain up to `BATCH` entries of a tenant, in the order of their ids; returns their number.

    The log has the new end of the chain: whoever keeps logs elsewhere can prove later that the chain was not rewritten.
    """
    async with transaction(sessions, tenant) as session:
        if not await session.scalar(ALONE, {"tenant": str(tenant)}):
            return 0
        waiting = select(Unchained.entry_id).order_by(Unchained.entry_id).limit(BATCH)
        ids = list(await session.scalars(waiting))
        known = await queries.entries(session, ids)
        position, last = await queries.head(session)
        for entry in (known[each] for each in ids if each in known):
            position, last = position + 1, next_hash(last, position + 1, entry)
            session.add(AuditLink(tenant_id=tenant, position=position, entry_id=entry.id, hash=last))
        await session.flush()
        await session.execute(delete(Unchained).where(Unchained.entry_id.in_(ids)))
    if known:
        log.info("audit_chained", tenant=str(tenant), position=position, hash=last.hex())
    return len(ids)
