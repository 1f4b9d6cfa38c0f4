"""What a mapped class says about the columns of its table: names, defaults, and how their values are written."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cache
from typing import Any, NamedTuple

import orjson
import sqlalchemy
from sqlalchemy import ARRAY, JSON, LargeBinary, Numeric, inspect
from sqlalchemy.dialects.postgresql import asyncpg
from sqlalchemy.orm import Mapper
from sqlalchemy.types import TypeDecorator

DIALECT = asyncpg.dialect(json_deserializer=orjson.loads)  # type: ignore[no-untyped-call]  # SQLAlchemy's dialects have no types.
QUOTED = DIALECT.identifier_preparer
NUMERIC = 1700
"""The type of a number in PostgreSQL: for others, the driver needs no hint."""

Convert = Callable[[Any], Any]


class Column(NamedTuple):
    """`name` is that of the table, `key` that of the attribute. `generated`: the database gives what a row lacks.
    `keeps_null`: None is stored as a JSON value. `write` and `read` convert a value that is not None. `holds` are the
    types that the driver accepts for it: the server would convert others without a word."""

    key: str
    name: str
    primary: bool
    generated: bool
    keeps_null: bool
    default: Any
    write: Convert | None
    read: Convert | None
    holds: tuple[type, ...]

    @property
    def quoted(self) -> str:
        return QUOTED.quote(self.name)


class Table:
    """The columns of a mapped class. `plain` if rows of it can be written without the ORM's flush."""

    def __init__(self, mapper: Mapper[Any]) -> None:
        table = mapper.local_table
        own = [(each.key, each.columns[0]) for each in mapper.column_attrs if each.columns[0].table is table]
        self.mapper = mapper
        self.plain = isinstance(table, sqlalchemy.Table) and _plain(mapper) and all(_is_plain(each) for _, each in own)
        self.name = QUOTED.format_table(table) if self.plain else ""
        self.columns = [_column(key, each) for key, each in own]
        self.by_key: Mapping[str, Column] = {each.key: each for each in self.columns}
        primary = {column.name: key for key, column in own}
        self.primary = [self.by_key[primary[each.name]] for each in mapper.primary_key]
        self.relations = [each for each in mapper.relationships if not each.viewonly]


@cache
def table_of(row: type[Any]) -> Table:
    """What is known about the table of a mapped class."""
    return Table(inspect(row))


def reader_of(column_type: Any) -> Convert | None:
    """What converts a value of the driver into one of the column."""
    convert: Convert | None = column_type.dialect_impl(DIALECT).result_processor(DIALECT, NUMERIC)
    return convert


def _plain(mapper: Mapper[Any]) -> bool:
    return mapper.inherits is None and mapper.polymorphic_on is None and mapper.version_id_col is None


def _is_plain(column: Any) -> bool:
    changing = column.computed is not None or column.onupdate is not None or column.server_onupdate is not None
    valued = column.default is None or column.default.is_scalar or column.default.is_callable
    return valued and not changing and not isinstance(column.type, TypeDecorator)


def _column(key: str, column: Any) -> Column:
    kind = column.type
    write: Convert | None = None
    if isinstance(kind, Numeric):
        write = str
    elif isinstance(kind, LargeBinary):
        write = _hexadecimal
    generated = column.server_default is not None or column.identity is not None
    keeps_null = isinstance(kind, JSON) and not kind.none_as_null
    default = column.default
    name, read = str(column.name), reader_of(kind)
    return Column(key, name, column.primary_key, generated, keeps_null, default, write, read, _holds(kind))


def _holds(column_type: Any) -> tuple[type, ...]:
    if isinstance(column_type, ARRAY | JSON):
        return (object,)
    own = column_type.python_type
    return (own, int) if own in (Decimal, float) else (own,)


def _hexadecimal(value: bytes) -> str:
    return f"\\x{value.hex()}"
