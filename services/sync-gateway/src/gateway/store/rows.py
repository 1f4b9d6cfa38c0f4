"""Rows of the hub as ingest and delivery work on them: plain objects, read and written by one statement a batch."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from operator import attrgetter
from typing import Any, ClassVar, Self

import orjson
from adjustments.statements import Sent, Statement
from sqlalchemy import ColumnElement, Select, Table, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import JSONB


class Row:
    """A row that was read, or one to be inserted. JSON values are replaced, never changed in place."""

    COLUMNS: ClassVar[tuple[str, ...]]
    stored: tuple[Any, ...] | None = None

    @classmethod
    def read(cls, *values: Any) -> Self:
        """The row of these columns, as the database has them."""
        row = cls(*values)
        row.stored = values
        return row

    @property
    def is_new(self) -> bool:
        return self.stored is None


def columns_of(row: type[Row], entity: Any) -> Select[*tuple[Any, ...]]:
    """The columns that make a row."""
    return select(*(entity.__table__.c[name] for name in row.COLUMNS))


class Written:
    """The statements that write rows of one table: all new ones at once, all changed ones at once.

    `kept` are the columns that never change: the key, and what a row begins with.
    """

    def __init__(self, entity: type[Any], columns: Sequence[str], key: Sequence[str], kept: Sequence[str]) -> None:
        table: Table = entity.__table__
        changed = [name for name in columns if name in key or name not in kept]
        self._table, self._key = table, key
        self._changing = [name for name in columns if name not in kept]
        self.columns = [table.c[name] for name in columns]
        self.changed_columns = [table.c[name] for name in changed]
        self._values: Callable[[Any], tuple[Any, ...]] = attrgetter(*columns)
        self._changed_values: Callable[[Any], tuple[Any, ...]] = attrgetter(*changed)

    # When first needed: the type of a foreign key is known once all tables are declared.
    @cached_property
    def insert(self) -> Statement:
        return Statement(_insert(self._table, self.columns))

    @cached_property
    def update(self) -> Statement:
        return Statement(self.updating)

    @cached_property
    def updating(self) -> str:
        """The text of `update`, for a statement with another condition."""
        return _update(self._table, self.changed_columns, self._key, self._changing)

    def copied(self, row: Any) -> Any:
        """A copy of a row, as if the database had just been read."""
        return type(row).read(*self._values(row))

    def changes(self, rows: Iterable[Row]) -> dict[str, list[Any]]:
        """The parameters of `update` for the rows that are not as they were read."""
        changed = [self._changed_values(row) for row in rows if self._values(row) != row.stored]
        return _arrays(self.changed_columns, changed)

    def writes(self, rows: Iterable[Row]) -> Iterator[Sent]:
        """The statements that update the rows that are not as they were read, and insert the new ones.

        The caller holds the locks of the rows.
        """
        new: list[tuple[Any, ...]] = []
        changed: list[tuple[Any, ...]] = []
        for row in rows:
            if row.stored is None:
                new.append(self._values(row))
            elif self._values(row) != row.stored:
                changed.append(self._changed_values(row))
        # Changes first: a link that is retired makes room for a new one.
        if changed:
            yield self.update, _arrays(self.changed_columns, changed)
        if new:
            yield self.insert, _arrays(self.columns, new)


def _insert(table: Table, columns: Sequence[ColumnElement[Any]]) -> str:
    names = ", ".join(column.name for column in columns)
    taken = ", ".join(map(_taken, columns))
    return f"insert into {table.name} ({names}) select {taken} from {_given(columns)}"  # noqa: S608  (our names)


def _update(table: Table, columns: Sequence[ColumnElement[Any]], key: Sequence[str], changing: Sequence[str]) -> str:
    values = ", ".join(f"{column.name} = {_taken(column)}" for column in columns if column.name in changing)
    mine, theirs = (", ".join(f"{name}.{each}" for each in key) for name in (table.name, "n"))
    same = f"({mine}) = ({theirs})"
    return f"update {table.name} set {values} from {_given(columns)} where {same}"  # noqa: S608  (our names)


def _given(columns: Sequence[ColumnElement[Any]]) -> str:
    arrays = ", ".join(f"cast(:{column.name} as {_passed(column)}[])" for column in columns)
    return f"unnest({arrays}) as n({', '.join(column.name for column in columns)})"


def _passed(column: ColumnElement[Any]) -> str:
    """The type in which a column's values are passed. An array of JSON is one of texts."""
    is_json = isinstance(column.type, JSONB)
    return "text" if is_json else column.type.compile(postgresql.dialect())  # type: ignore[no-untyped-call]  # SQLAlchemy's own


def _taken(column: ColumnElement[Any]) -> str:
    return f"cast(n.{column.name} as jsonb)" if isinstance(column.type, JSONB) else f"n.{column.name}"


def _arrays(columns: Sequence[ColumnElement[Any]], rows: Sequence[tuple[Any, ...]]) -> dict[str, list[Any]]:
    return {
        column.name: [orjson.dumps(value).decode() for value in values]
        if isinstance(column.type, JSONB)
        else list(values)
        for column, values in zip(columns, zip(*rows, strict=True), strict=True)
    }
