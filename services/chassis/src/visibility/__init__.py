"""Who sees which rows: a caller may be limited to the rows of some owners, by policies of the database.

A transaction on behalf of such a caller names the owners in a setting (`opening`). Tables with a policy
(`migrating.visibility`) then show it only their rows, in every statement. The policy would refuse to give a row away:
the setting is lifted while the session writes (`lifted`).
"""

from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from saving import driver_of, unwritten
from sqlalchemy import Boolean, ColumnElement, event, literal_column, orm
from sqlalchemy.ext.asyncio import AsyncSession

SETTING = "app.owners"
OWNERS = "owners"
"""In the `info` of a session: the owners to whom it is limited; None is no limit."""
LIFT = f"set local {SETTING} = ''"
Owners = Collection[UUID] | None


def limiting(owners: Collection[UUID]) -> str:
    """The statement that limits a transaction to the rows of these owners."""
    return f"set local {SETTING} = '{{{','.join(map(str, owners))}}}'"


def opening(info: Mapping[Any, Any]) -> list[str]:
    """What begins the transaction of a session with this `info`."""
    owners: Owners = info.get(OWNERS)
    return [] if owners is None else [limiting(owners)]


@asynccontextmanager
async def lifted(session: AsyncSession) -> AsyncIterator[None]:
    """Let the session write rows that it does not see afterwards. After an error its transaction must be rolled back,
    which brings back the limit."""
    owners: Owners = session.info.get(OWNERS)
    if owners is None or not (unwritten(session) or session.dirty or session.deleted):
        yield
        return
    async with driver_of(session) as driver:
        await driver.execute(LIFT)
    yield
    async with driver_of(session) as driver:
        await driver.execute(limiting(owners))


def among_seen(tables: Mapping[str, str]) -> ColumnElement[bool]:
    """The condition that an event is about a row that the transaction sees; `tables` are those of owned rows, by
    topic. Rows of other topics are not limited."""
    seen = (f"when '{topic}' then exists (select from {table} where id = key::uuid)" for topic, table in tables.items())
    return literal_column(f"case topic {' '.join(seen)} else true end" if tables else "true", Boolean)


@event.listens_for(orm.Session, "before_flush")
def _lift(session: orm.Session, *_: Any) -> None:
    if session.info.get(OWNERS) is not None:
        session.connection().exec_driver_sql(LIFT)


@event.listens_for(orm.Session, "after_flush")
def _limit(session: orm.Session, *_: Any) -> None:
    if (owners := session.info.get(OWNERS)) is not None:
        session.connection().exec_driver_sql(limiting(owners))
