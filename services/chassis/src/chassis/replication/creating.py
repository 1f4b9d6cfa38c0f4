"""Locks for concurrent creates of the same record in a spoke: one of a user, possibly uncommitted, and one of a
delivery.

A delivery creates a record only if there is no unlinked twin. A twin is visible only after its commit; so the delivery
waits for every transaction that may create one, and later transactions wait for the delivery. Both take this lock
before any row lock, so they cannot deadlock.
"""

from saving import first
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.replication.kind import Kind

KEY = "hashtextextended({kind} || current_setting('app.tenant', true), 0)"
ALONE = text(f"select pg_advisory_xact_lock({KEY.format(kind=':kind')})")


async def creating(session: AsyncSession, kind: Kind) -> None:
    """Take the shared lock: this transaction may create records of a kind for a user."""
    key = KEY.format(kind=f"'{kind.name}'")
    await first(session, f"select pg_advisory_xact_lock_shared({key})")


async def creating_alone(session: AsyncSession, kind: Kind) -> None:
    """Take the exclusive lock: wait until no transaction that may create records of the kind is open, and block new
    ones."""
    await session.execute(ALONE, {"kind": kind.name})
