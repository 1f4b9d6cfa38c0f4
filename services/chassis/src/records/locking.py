"""One row, locked, as an entity of the session. The driver reads it: loading it by the ORM costs several times more."""

from functools import cached_property, lru_cache
from typing import Any
from uuid import UUID

from saving import driver_of, first
from saving.tables import DIALECT, QUOTED
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import make_transient_to_detached
from sqlalchemy.orm.attributes import set_committed_value

from records.record import Record
from records.untracked import Table, Untracked, Values, whole


class Locked:
    """How one row of a record is locked and read."""

    def __init__(self, rows: Untracked) -> None:
        self.rows = rows
        self.table = rows.table
        self.plain = [column.name for column in self.table.mapper.primary_key] == ["id"]

    @cached_property
    def _lock(self) -> str:
        return f"select from {QUOTED.format_table(self.table.mapper.local_table)} where id ="  # A constant.

    @cached_property
    def _read(self) -> str:
        return str(self.rows.one.with_for_update().compile(dialect=DIALECT))

    async def by_id(self, session: AsyncSession, row_id: UUID) -> Any:
        """The row; None if there is none.

        Related rows are read by a statement that begins when the row is locked: it sees what the last holder has
        changed.
        """
        if self.rows.relations:
            await first(session, f"{self._lock} '{row_id}' for update")
        async with driver_of(session) as driver:
            values = await driver.fetchrow(self._read, row_id)
        return None if values is None else self._held(session, tuple(values))

    def _held(self, session: AsyncSession, values: Values) -> Any:
        found = _entity(self.table, values)
        for place, relation in enumerate(self.rows.relations, len(self.table.names)):
            related = [_entity(relation.table, each) for each in values[place]]
            set_committed_value(found, relation.name, related)
        session.add(found)
        return found

    def holds(self, session: AsyncSession, row_id: UUID) -> bool:
        """Whether the session has loaded the row, or a row that may be related to it, before."""
        known = session.sync_session.identity_map
        related = {relation.table.row for relation in self.rows.relations}
        key = self.table.mapper.identity_key_from_primary_key((row_id,))
        return key in known or any(held[0] in related for held in known.keys())  # noqa: SIM118  # Not a dict.


def _entity(table: Table, values: Values) -> Any:
    found = table.filled(table.mapper.class_manager.new_instance(), values, raw=True)
    make_transient_to_detached(found)
    return found


@lru_cache(maxsize=1000)
def locked(record: Record[Any, Any, Any]) -> Locked:
    """How one row of a record is locked and read."""
    return Locked(whole(record))
