"""The status of a spoke: enough to detect that it is available, and that it was restored from a backup.

A restored server has another `incarnation`, or its `position` has gone back: a copy of the data folder keeps the
former.
"""

from collections.abc import Sequence
from datetime import datetime

from pydantic import BaseModel, Field
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.clock import now
from chassis.db import is_passing
from chassis.replication.kind import Kind

ALLOWED = text("""
    select has_function_privilege('pg_control_system()', 'execute')
       and has_function_privilege('pg_control_checkpoint()', 'execute')
    """)
SERVER = text("""
    select system.system_identifier::text || '/' || checkpoint.timeline_id
    from pg_control_system() as system, pg_control_checkpoint() as checkpoint
    """)
UNKNOWN = "unknown"
PLACE = text("""
    select oid::bigint as database, case when is_called then last_value else 0 end as position
    from pg_database cross join outbox_id_seq where datname = current_database()
    """)


class Status(BaseModel):
    """One system, as the hub polls it."""

    system: str
    kinds: list[str]
    incarnation: str = Field(
        description=(
            "The server's identifier, its timeline, and the database: `7400.../1/16384`. Parts that cannot be read are "
            "`unknown`. It changes with a restore, and with a move to another server."
        )
    )
    position: int = Field(description="The number of the newest event ever written; it never decreases.")
    clock: datetime


async def status(session: AsyncSession, kinds: Sequence[Kind]) -> Status:
    place = (await session.execute(PLACE)).one()
    return Status(
        system=kinds[0].system,
        kinds=sorted(kind.name for kind in kinds),
        incarnation=f"{await _server(session)}/{place.database}",
        position=place.position,
        clock=now(),
    )


async def _server(session: AsyncSession) -> str:
    """The server's identifier and timeline; `UNKNOWN` where the role or the server's own user may not read them."""
    if not await session.scalar(ALLOWED):
        return UNKNOWN
    try:
        async with session.begin_nested():
            return str(await session.scalar(SERVER))
    except DBAPIError as error:
        if is_passing(error):
            raise
        return UNKNOWN
