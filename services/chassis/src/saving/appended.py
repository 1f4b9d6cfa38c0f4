"""Rows that a session only writes: no entity is made of them, nothing of them is read back.

They are written by the next `save`. A flush of the ORM and a commit make entities of those that are left.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy import event, orm
from sqlalchemy.ext.asyncio import AsyncSession

APPENDED = "appended"
"""In the `info` of a session: its rows that are not written yet."""


class Appended(NamedTuple):
    """A row of a mapped class, and the savepoint in which it was appended."""

    row: type[Any]
    values: Mapping[str, Any]
    savepoint: Any


def append(session: AsyncSession, row: type[Any], **values: Any) -> None:
    """Write a new row with this session. Columns without a value get that of the database."""
    held = session.sync_session
    held.info.setdefault(APPENDED, []).append(Appended(row, values, held.get_nested_transaction()))


def unwritten(session: AsyncSession) -> bool:
    """Whether the session holds new rows that are not written yet."""
    held = session.sync_session
    return bool(held.new or held.info.get(APPENDED))


@event.listens_for(orm.Session, "before_flush")
@event.listens_for(orm.Session, "before_commit")
def _as_entities(session: orm.Session, *_: Any) -> None:
    session.add_all([each.row(**each.values) for each in session.info.pop(APPENDED, ())])


@event.listens_for(orm.Session, "after_soft_rollback")
def _forget(session: orm.Session, undone: orm.SessionTransaction) -> None:
    """What a savepoint undoes is not written later."""
    if appended := session.info.get(APPENDED):
        session.info[APPENDED] = [each for each in appended if undone.nested and each.savepoint is not undone]
