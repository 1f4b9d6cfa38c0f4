"""The statement that writes rows of several tables. Its text depends on the columns alone: it stays prepared."""

from collections.abc import Sequence
from functools import lru_cache

from saving.pending import Rows
from saving.tables import Column, Table

Shape = tuple[Table, tuple[Column, ...], tuple[Column, ...], bool, bool]
"""The table, the columns, those that are returned, whether the rows are there already, whether there are several."""
PREPARED = 2000


def text_of(rows: Sequence[Rows]) -> str:
    """The statement. Its arguments are the rows of each table as JSON: an object where one row is updated, else an
    array. It answers one value for each table: the number of updated rows, or what new ones got from the database."""
    return _text(
        tuple(
            (each.table, tuple(each.columns), tuple(each.returned), each.there, len(each.values) > 1) for each in rows
        )
    )


@lru_cache(PREPARED)
def _text(shapes: tuple[Shape, ...]) -> str:
    parts, found, last = [], [], dict[Table, int]()
    for number, (table, columns, returned, there, several) in enumerate(shapes, 1):
        # Rows of one table are written in turn, so that a unique value can move from one to another.
        after = f"(select count(*) from w{last[table]}) >= 0" if table in last else ""
        last[table] = number
        if there:
            written = _update(table, columns, number, several, after)
            found.append(f"(select count(*) from w{number})")
        else:
            written = _insert(table, columns, returned, number, after)
            found.append(f"array(select w{number} from w{number})" if returned else "null")
        parts.append(f"w{number} as ({written})")
    return f"with {', '.join(parts)} select {', '.join(found)}"


def _update(table: Table, columns: Sequence[Column], number: int, several: bool, after: str) -> str:
    values = ", ".join(f"{each.quoted} = v.{each.quoted}" for each in columns)
    found = [f"t.{each.quoted} = v.{each.quoted}" for each in table.primary]
    rows = f"json_populate_record{'set' if several else ''}(null::{table.name}, ${number})"
    return (
        f"update {table.name} t set {values} from {rows} v where {' and '.join([*found, *filter(None, [after])])} "
        "returning 1"
    )


def _insert(table: Table, columns: Sequence[Column], returned: Sequence[Column], number: int, after: str) -> str:
    names, given = ", ".join(each.quoted for each in columns), ", ".join(each.quoted for each in returned)
    rows = f"json_populate_recordset(null::{table.name}, ${number}) {f'where {after}' if after else ''}"
    return f"insert into {table.name} ({names}) select {names} from {rows} returning {given or 1}"
