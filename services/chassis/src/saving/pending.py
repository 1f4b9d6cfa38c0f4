"""What a session holds that is not written yet, by table."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ClauseElement, orm
from sqlalchemy.orm import RelationshipProperty
from sqlalchemy.orm.attributes import instance_state
from sqlalchemy.orm.base import NO_VALUE, PASSIVE_NO_INITIALIZE
from sqlalchemy.orm.interfaces import MANYTOMANY, MANYTOONE

from saving.appended import APPENDED, Appended
from saving.tables import Column, Table, table_of

Values = dict[str, Any]


class NotCovered(Exception):
    """The session holds what only the ORM's flush can write."""


@dataclass
class Rows:
    """Rows of a table with values for the same columns: to insert, or, where they are `there`, to update.

    Rows that were appended have no states.
    """

    table: Table
    columns: Sequence[Column]
    there: bool
    states: list[Any] = field(default_factory=list)
    values: list[Values] = field(default_factory=list)

    @property
    def returned(self) -> list[Column]:
        """The columns of new rows that the database gives a value."""
        given = {each.key for each in self.columns}
        return [] if self.there or not self.states else [each for each in self.table.columns if each.key not in given]

    def add(self, state: Any, values: Values) -> None:
        self.states.append(state)
        self.values.append(values)


@dataclass
class Pending:
    """`states` are those that are to be written, or that have been changed and changed back."""

    states: set[Any]
    rows: list[Rows]


def pending(session: orm.Session, known: Mapping[str, Any]) -> Pending:
    """What the session holds; new rows that lack the values in `known` get them. Raises `NotCovered`."""
    if session.deleted:
        raise NotCovered
    new = [instance_state(each) for each in session.new]
    for state in new:
        _complete(state, known)
    for state in (*new, *_states(session.dirty)):
        _relate(state)
    changed = _states(session.dirty)
    rows: dict[Any, Rows] = {}
    for state in sorted(changed, key=lambda each: (each.mapper.class_.__name__, each.key[1])):
        _add(rows, state, _changes(state))
    for state in new:
        _add(rows, state, _all(state))
    for appended in session.info.get(APPENDED, ()):
        _append(rows, appended, known)
    return Pending({*new, *changed}, list(rows.values()))


def _states(objects: Iterable[Any]) -> list[Any]:
    return [instance_state(each) for each in objects]


def _add(rows: dict[Any, Rows], state: Any, values: Mapping[Column, Any]) -> None:
    if not values:
        return
    there, table = state.key is not None, _table(state)
    columns = tuple(values)
    key = (there, table, columns)
    if key not in rows:
        rows[key] = Rows(table, columns, there)
    written = {each.name: _written(each, value) for each, value in values.items()}
    if there:
        written.update({each.name: value for each, value in zip(table.primary, state.key[1], strict=True)})
    rows[key].add(state, written)


def _append(rows: dict[Any, Rows], appended: Appended, known: Mapping[str, Any]) -> None:
    table = _plain(appended.row)
    given = {name: value for name, value in appended.values.items() if value is not None}
    values = {**{name: value for name, value in known.items() if value is not None}, **given}
    key = ("appended", table, tuple(values))
    if key not in rows:
        rows[key] = Rows(table, [table.by_key[each] for each in values], there=False)
    rows[key].values.append({table.by_key[each].name: _written(table.by_key[each], values[each]) for each in values})


def _table(state: Any) -> Table:
    return _plain(state.class_)


def _plain(row: Any) -> Table:
    table = table_of(row)
    if not table.plain:
        raise NotCovered
    return table


def _complete(state: Any, known: Mapping[str, Any]) -> None:
    """Set the defaults of a new row, as the flush does."""
    held = state.dict
    for column in _table(state).columns:
        if held.get(column.key) is None and not (column.keeps_null and column.key in held):
            if column.default is not None:
                held[column.key] = column.default.arg({}) if column.default.is_callable else column.default.arg
            elif known.get(column.key) is not None:
                held[column.key] = known[column.key]


def _relate(state: Any) -> None:
    """Copy the keys between rows that were related, as the flush does."""
    for relation in _table(state).relations:
        if relation.key not in (state.dict if state.key is None else state.committed_state):
            continue
        added, _, removed = state.get_history(relation.key, PASSIVE_NO_INITIALIZE)
        if any(each is not None for each in removed or ()) or (added and relation.direction is MANYTOMANY):
            raise NotCovered
        for other in added or ():
            if other is not None:
                _copy_keys(relation, state.obj(), other)


def _copy_keys(relation: RelationshipProperty[Any], row: Any, other: Any) -> None:
    of_row, of_other = relation.parent, relation.mapper
    if relation.direction is MANYTOONE:
        (row, of_row), (other, of_other) = (other, of_other), (row, of_row)
    for source, copy in relation.synchronize_pairs:
        value = getattr(row, of_row.get_property_by_column(source).key)
        name = of_other.get_property_by_column(copy).key
        if getattr(other, name) != value:
            setattr(other, name, value)


def _all(state: Any) -> Mapping[Column, Any]:
    values = {}
    for column in _table(state).columns:
        value = state.dict.get(column.key)
        if value is not None or not column.generated:
            values[column] = value
        elif column.keeps_null and column.key in state.dict:
            raise NotCovered
    return values


def _changes(state: Any) -> Mapping[Column, Any]:
    table, values = _table(state), {}
    for key in sorted(state.committed_state):
        column = table.by_key.get(key)
        if column is None:
            continue
        before, value = state.committed_state[key], state.dict.get(key, NO_VALUE)
        if before is not NO_VALUE and state.manager[key].impl.is_equal(value, before):
            continue
        if value is NO_VALUE or column.primary:
            raise NotCovered
        values[column] = value
    return values


def _written(column: Column, value: Any) -> Any:
    if value is None:
        if column.keeps_null:
            raise NotCovered
        return None
    if not isinstance(value, column.holds) or isinstance(value, ClauseElement):
        raise NotCovered
    return value if column.write is None else column.write(value)
