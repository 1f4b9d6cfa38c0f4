"""Writing what a session holds."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm.exc import StaleDataError

from saving.appended import APPENDED, unwritten
from saving.driver import driver_of
from saving.pending import NotCovered, Rows, pending
from saving.statement import text_of


async def save(session: AsyncSession, **known: Any) -> None:
    """Write new and changed rows in one statement; `known` are values of columns that every new row has.

    Afterwards the session is as after a flush. Raises `DBAPIError` as that does.
    """
    held = session.sync_session
    if not (unwritten(session) or held.dirty or held.deleted):
        return
    try:
        found = pending(held, known)
        arguments = [_json(each) for each in found.rows]
    except (NotCovered, TypeError):  # orjson cannot write every value that a type of SQLAlchemy may have.
        await AsyncSession.flush(session)
        return
    held.info.pop(APPENDED, None)
    if found.rows:
        async with driver_of(session) as driver:
            answer = await driver.fetchrow(text_of(found.rows), *arguments)
        _take(found.rows, answer)
    held._register_persistent(found.states)


def _json(rows: Rows) -> str:
    document: Any = rows.values[0] if rows.there and len(rows.values) == 1 else rows.values
    return orjson.dumps(document, _other).decode()


def _other(value: Any) -> str:
    """The driver reads ids as a class of its own."""
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(type(value))


def _take(written: Sequence[Rows], answer: Sequence[Any]) -> None:
    """Set what the database has given to new rows."""
    for rows, found in zip(written, answer, strict=True):
        if rows.there and found != len(rows.values):
            raise StaleDataError(f"{rows.table.name}: {found} of {len(rows.values)} rows were there to be updated")
        if rows.returned:
            for state, given in zip(rows.states, found, strict=True):
                for column, value in zip(rows.returned, given, strict=True):
                    state.dict[column.key] = column.read(value) if column.read and value is not None else value
