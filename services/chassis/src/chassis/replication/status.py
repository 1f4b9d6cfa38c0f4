"""What a spoke says of itself: enough to see that it is there, and that it was restored from a backup.

A restored server has another `incarnation`, or its `position` has gone back: a copy of the data folder keeps the first.
"""

from collections.abc import Sequence
from datetime import datetime

from pydantic import BaseModel, Field
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.clock import now
from chassis.replication.kind import Kind

ALLOWED = text("""
    select has_function_privilege('pg_control_system()', 'execute')
       and has_function_privilege('pg_control_checkpoint()', 'execute')
    """)
SERVER = text("""
    select system.system_identifier::text || '/' || checkpoint.timeline_id
    from pg_control_system() as system, pg_control_checkpoint() as checkpoint
    """)
DATABASE = text("select oid::bigint from pg_database where datname = current_database()")
POSITION = text("select case when is_called then last_value else 0 end from outbox_id_seq")


class Status(BaseModel):
    """One system, as the hub polls it."""

    system: str
    kinds: list[str]
    incarnation: str = Field(
        description="The server's identifier, its timeline and the database; without the right to read the first two,"
        " the database alone. It changes with a restore, and with a move to another server."
    )
    position: int = Field(description="The number of the newest event that was ever written; it never goes back.")
    clock: datetime


async def status(session: AsyncSession, kinds: Sequence[Kind]) -> Status:
    """The status of this system."""
    server = await session.scalar(SERVER) if await session.scalar(ALLOWED) else "unknown"
    return Status(
        system=kinds[0].system,
        kinds=sorted(kind.name for kind in kinds),
        incarnation=f"{server}/{await session.scalar(DATABASE)}",
        position=await session.scalar(POSITION) or 0,
        clock=now(),
    )
