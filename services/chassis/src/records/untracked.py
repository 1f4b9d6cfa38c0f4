"""Rows for answers, which no session tracks.

Loading an entity costs several times more than its answer needs. An untracked row is an instance of the table's class
with the values of its columns and of the relations that the record loads: its properties and methods work, setting an
attribute fails.
"""

from collections.abc import Mapping, Sequence
from functools import cache, cached_property
from typing import Any
from uuid import UUID

from saving.tables import DIALECT, reader_of
from sqlalchemy import Select, bindparam, func, inspect, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapper, RelationshipProperty
from sqlalchemy.orm.interfaces import ORMOption
from sqlalchemy.types import NullType

from records.driver import reading
from records.record import Record, Row

Values = Sequence[Any]


class Table:
    """The columns of a table's class, and how an instance is made of their values."""

    def __init__(self, row: type[Any]) -> None:
        self.row = row
        self.mapper: Mapper[Any] = inspect(row)
        self.names = [each.key for each in self.mapper.column_attrs]
        self.columns = [each.columns[0] for each in self.mapper.column_attrs]
        self.processed = [
            (name, process)
            for name, column in zip(self.names, self.columns, strict=True)
            if (process := reader_of(column.type)) is not None
        ]

    def made(self, values: Values, *, raw: bool) -> Any:
        return self.filled(object.__new__(self.row), values, raw=raw)

    def filled(self, row: Any, values: Values, *, raw: bool) -> Any:
        held: dict[str, Any] = row.__dict__
        held.update(zip(self.names, values, strict=False))  # Values of relations follow.
        if raw:
            for name, process in self.processed:
                held[name] = process(held[name])
        return row


class _Relation:
    """Rows of another table, as one array of a row."""

    def __init__(self, relation: RelationshipProperty[Any]) -> None:
        self.name, self.table = relation.key, Table(relation.mapper.class_)
        rows = select(func.row(*self.table.columns)).where(relation.primaryjoin)
        if relation.order_by:
            rows = rows.order_by(*relation.order_by)
        self.column = func.array(rows.correlate(relation.parent.local_table).scalar_subquery(), type_=NullType()).label(
            f"_rows_{relation.key}"
        )

    def made(self, values: Sequence[Values]) -> list[Any]:
        return [self.table.made(each, raw=True) for each in values]


class Untracked:
    """How the rows of a table are read, with these relations."""

    def __init__(self, row: type[Any], loads: Sequence[ORMOption]) -> None:
        self.table = Table(row)
        self.relations = [_Relation(relation) for each in loads for relation in _relations(each)]
        self.columns = [*self.table.columns, *(each.column for each in self.relations)]

    @cached_property
    def one(self) -> Select[Any]:
        """Only rows that are read one by one have ids."""
        return select(*self.columns).where(self.table.row.id == bindparam("id"))

    @cached_property
    def _by_id(self) -> str:
        return str(self.one.compile(dialect=DIALECT))

    def among(self, rows: Select[Any]) -> Select[Any]:
        """The columns of these rows."""
        return rows.with_only_columns(*self.columns, maintain_column_froms=True)

    def made(self, values: Values, *, raw: bool = False) -> Any:
        """A row of a result of `among`; `raw`, as the driver returns it."""
        row = self.table.made(values, raw=raw)
        for place, relation in enumerate(self.relations, len(self.table.names)):
            row.__dict__[relation.name] = relation.made(values[place])
        return row

    async def by_id(self, session: AsyncSession, row_id: UUID) -> Any:
        """The row with this id; None if there is none."""
        async with reading(session) as connection:
            values = await connection.fetchrow(self._by_id, row_id)
        return None if values is None else self.made(tuple(values), raw=True)


def _relations(load: ORMOption) -> list[RelationshipProperty[Any]]:
    path: Mapping[Any, Any] = load.context[0].path  # type: ignore[attr-defined]  # Of what `selectinload` returns.
    return [each for each in path if isinstance(each, RelationshipProperty)]


@cache
def whole(record: Record[Row, Any, Any]) -> Untracked:
    """Rows with everything that the record loads."""
    return Untracked(record.row, record.loads)


@cache
def of_list(record: Record[Row, Any, Any]) -> Untracked:
    """Rows with what a list shows of them."""
    return whole(record) if record.listed is None else Untracked(record.row, ())
