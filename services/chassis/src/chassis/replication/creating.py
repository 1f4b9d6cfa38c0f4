"""Where two creates of the same thing meet in a spoke: a user's, which may be open still, and a delivery's.

A delivery creates a record only where no unlinked twin stands. It can see a twin only once that is committed; so it
waits for every transaction that may create one, and those that come later wait for it. Both sides take the lock
before that of any row, so they cannot deadlock.
"""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from chassis import gather
from chassis.replication.kind import Kind

KEY = "hashtextextended(:kind || current_setting('app.tenant', true), 0)"
SHARED = text(f"select pg_advisory_xact_lock_shared({KEY})")
ALONE = text(f"select pg_advisory_xact_lock({KEY})")


async def creating(session: AsyncSession, kind: Kind) -> None:
    """Say that this transaction may create records of a kind for a user; many may at once."""
    await gather.once(session, ("creating", kind.name), lambda: session.execute(SHARED, {"kind": kind.name}))


async def creating_alone(session: AsyncSession, kind: Kind) -> None:
    """Wait until no transaction that may create records of the kind is open, and let none begin."""
    await session.execute(ALONE, {"kind": kind.name})
