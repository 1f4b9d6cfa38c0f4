"""A kind derived from its table: a group is a column of the row, unless the module has its own `read` and `write`."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from inspect import isclass
from typing import Any, Protocol
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import Column, exists, inspect, select
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.errors import Problem
from chassis.replication.checked import checked, composed
from chassis.replication.kind import (
    LIFE,
    Complete,
    Group,
    Json,
    Kind,
    NoTwin,
    Rows,
    Show,
    Unlinked,
    complete_already,
    family,
    no_twin,
)

Columns = Mapping[str, Column[Any]]
Create = Callable[[Mapping[str, Json]], Any]


class DeclaredGroup(Protocol):
    """A group as the table declares it. `member` is the shape of a member's name in a family, `refers` another kind."""

    @property
    def name(self) -> str: ...
    @property
    def value(self) -> Any: ...
    @property
    def required(self) -> bool: ...
    @property
    def member(self) -> Any: ...
    @property
    def refers(self) -> str | None: ...


class DeclaredValue(Protocol):
    """Values that the systems in `by` show of a record beside its groups."""

    @property
    def name(self) -> str: ...
    @property
    def by(self) -> tuple[str, ...]: ...


class Table(Protocol):
    """A kind as it is declared for all systems."""

    @property
    def name(self) -> str: ...
    @property
    def groups(self) -> Sequence[DeclaredGroup]: ...
    @property
    def required(self) -> tuple[str, ...]: ...
    @property
    def writers(self) -> tuple[str, ...]: ...
    @property
    def partitions(self) -> int: ...
    @property
    def derived(self) -> bool: ...
    @property
    def shown(self) -> Sequence[DeclaredValue]: ...

    @property
    def beside(self) -> tuple[str, ...]: ...

    def written(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """All values of a record, in the form in which they are published."""
        ...


class NotDeclared(TypeError):
    """A table and the rows of a system do not match; this is a bug."""


def kind_from(
    table: Table,
    *own: Group,
    system: str,
    row: Any,
    rows: Rows,
    create: Create | None = None,
    twin: NoTwin = no_twin,
    required: tuple[str, ...] | None = None,
    through: Callable[[Group], Group] = lambda group: group,
    closed: type[Problem] | None = None,
    complete: Complete = complete_already,
    applied: Complete = complete_already,
    show: Show | None = None,
) -> Kind:
    """The kind as a system holds it, in rows of the class `row`.

    A group is the column of its name (`<name>_id` of a reference), or the columns with the names of its fields. A
    family is the column of its name, an object by member, or of its plural, a list of members. `own` groups replace
    these. An emptied group gets the value of a blank row, if its shape may be empty. `create` makes a row once the
    required values are validated; `through` refuses writes of groups in certain states; `closed` refuses all values of
    another system. Values that the table lists as `shown` are attributes of the row, unless `show` returns them.
    """
    blank: Callable[[], Any] = getattr(row, "blank", row)
    made_of = create or (lambda _values: blank())
    by_name = {group.name: group for group in own}
    declared = [group for group in table.groups if group.name != LIFE]
    if unknown := by_name.keys() - {group.name for group in declared}:
        raise NotDeclared(f"the table of {table.name} has no group {', '.join(sorted(unknown))}")
    made = (by_name.get(group.name) or _plain(group, row, cache(blank)) for group in declared)
    groups = [replace(group, reference=each.refers) for group, each in zip(made, declared, strict=True)]
    needed = table.required if required is None else required
    return Kind(
        table.name,
        system=system,
        create=_refusing(closed, table.name) if closed else _checking(declared, needed, made_of),
        rows=rows,
        twin=twin,
        unlinked=_any_unlinked(row),
        required=() if closed else needed,
        announced=system in table.writers,
        partitions=table.partitions,
        written=table.written,
        beside=table.beside,
        history=not table.derived,
        complete=complete,
        applied=applied,
        show=show or _attributes([each.name for each in table.shown if system in each.by]),
        groups=tuple(map(_closed_by(closed) if closed else through, groups)),
    )


def _any_unlinked(row: Any) -> Unlinked:
    async def unlinked(session: AsyncSession) -> bool:
        return bool(await session.scalar(select(exists().where(row.canonical_id.is_(None)))))

    return unlinked


def _checking(groups: Sequence[DeclaredGroup], required: Collection[str], create: Create) -> Create:
    """Create a row from a delivery. Raises `Malformed` unless every required value is valid."""
    shapes = {group.name: group.value for group in groups if group.name in required}

    def checking(values: Mapping[str, Json]) -> Any:
        for name, shape in shapes.items():
            checked(shape, values.get(name), name)
        return create(values)

    return checking


def _refusing(problem: type[Problem], kind: str) -> Create:
    def refuse(_values: Mapping[str, Json]) -> Any:
        raise problem(group=kind)

    return refuse


def _closed_by(problem: type[Problem]) -> Callable[[Group], Group]:
    def refuse(_row: Any, key: str, _value: Json) -> None:
        raise problem(group=key)

    return lambda group: replace(group, write=refuse)


def _attributes(names: Sequence[str]) -> Show:
    return lambda row: {name: getattr(row, name) for name in names}


def _plain(group: DeclaredGroup, row: Any, blank: Callable[[], Any]) -> Group:
    columns: Columns = inspect(row).columns
    attribute = f"{group.name}_id" if group.refers else group.name
    if group.member is not None:
        return _members(group, columns)
    if attribute in columns:
        return _column(group, attribute, blank)
    if isclass(group.value) and issubclass(group.value, BaseModel):
        return composed(group.name, group.value)
    raise NotDeclared(f"{row.__name__} has no column for the group {group.name}: declare how to read and write it")


def _column(group: DeclaredGroup, attribute: str, blank: Callable[[], Any]) -> Group:
    name, shape = group.name, _reference(group) if group.refers else group.value

    def read(row: Any) -> dict[str, Json]:
        return {name: _in_json(getattr(row, attribute))}

    def write(row: Any, _key: str, value: Json) -> None:
        kept = checked(shape, value if group.required else value or None, name)
        row.change({attribute: getattr(blank(), attribute) if kept is None else kept})

    return Group(name, read, write)


def _in_json(value: Any) -> Json:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return str(value) if isinstance(value, UUID) else value or None


def _reference(group: DeclaredGroup) -> Any:
    return UUID if group.required else UUID | None


def _members(group: DeclaredGroup, columns: Columns) -> Group:
    listed = f"{group.name}s"
    if group.name in columns:
        return _entries(group)
    if listed in columns and columns[listed].type.python_type is list:
        return _elements(group, listed)
    raise NotDeclared(f"there is no column for the family {group.name}: declare how to read and write it")


def _entries(group: DeclaredGroup) -> Group:
    """A family that is an object by member."""

    def read(row: Any) -> Mapping[str, Json]:
        entries: Mapping[str, Json] | None = getattr(row, group.name)
        return entries or {}

    def write(row: Any, member: str, value: Json) -> None:
        key = checked(group.member, member, group.name)
        row.change({group.name: {**read(row), key: checked(group.value, value, f"{group.name}:{key}")}})

    return family(group.name, read, write)


def _elements(group: DeclaredGroup, attribute: str) -> Group:
    """A family that is a list of its members."""

    def write(row: Any, member: str, value: Json) -> None:
        element, elements = checked(group.member, member, group.name), set(getattr(row, attribute))
        row.change({attribute: elements | {element} if value else elements - {element}})

    return family(group.name, lambda row: dict.fromkeys(getattr(row, attribute), True), write)
