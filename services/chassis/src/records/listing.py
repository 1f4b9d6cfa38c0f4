"""Filters of every list that need no declaration: ids, several values, ranges, the state of the sync."""

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin
from uuid import UUID

from chassis.replication.standing import State
from chassis.replication.standing_sql import state_is
from contracts.values import Tag
from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, Field, create_model
from pydantic.fields import FieldInfo
from sqlalchemy import ColumnElement

from records.filters import AnyOf, Meanings, Where
from records.record import Record
from records.tags import tagged

MOST = 200
SINGLE = {"q", "archived"}
RANGES: Mapping[type, Any] = {date: date, datetime: AwareDatetime, Decimal: Decimal}


def _split(value: Any) -> Any:
    """`a,b` and repeated parameters are the same."""
    if not isinstance(value, list):
        return value
    parts = [part.strip() for each in value for part in str(each).split(",")]
    return [part for part in parts if part]


def _any_of(values: list[Any] | None) -> AnyOf | None:
    return AnyOf(values) if values else None


def _several(value_type: Any) -> Any:
    return Annotated[list[value_type] | None, Field(max_length=MOST), BeforeValidator(_split), AfterValidator(_any_of)]


def filters_of(record: Record[Any, Any, Any]) -> type[BaseModel]:
    """The declared filters, with several values where the type is an enumeration, and the common ones."""
    shape = record.filters
    fields: dict[str, Any] = dict(_declared(record))
    if hasattr(record.row, "id"):
        fields["ids"] = (_several(UUID), Field(default=None, description=f"Up to {MOST} ids, separated by commas."))
    if record.kind is not None:
        described = "The state of the record in the other systems, as in its `sync`."
        fields["sync_state"] = (_several(State), Field(default=None, description=described))
    if has_tags_filter(record):
        fields["tag"] = (_several(Tag), Field(default=None, description="A tag; of several, one must match."))
    for name, column_type in _ranged(record):
        bound, words = RANGES[column_type] | None, name.replace("_", " ")
        fields[f"{name}_from"] = (bound, Field(default=None, description=f"The minimum of `{words}`."))
        fields[f"{name}_to"] = (bound, Field(default=None, description=f"The maximum of `{words}`."))
    return create_model(shape.__name__, __base__=shape, __module__=shape.__module__, __doc__=shape.__doc__, **fields)


def meanings(record: Record[Any, Any, Any]) -> Meanings:
    """The conditions of the common filters."""
    row: Any = record.row
    columns = record.sorting.columns
    found: dict[str | tuple[str, ...], Where] = {"sync_state": lambda state: state_is(row, state)}
    if has_tags_filter(record):
        found["tag"] = lambda tag: tagged(record, tag)
    for name, _ in _ranged(record):
        found[f"{name}_from"] = _bound(columns[name].__ge__)
        found[f"{name}_to"] = _bound(columns[name].__le__)
    return found


def has_tags_filter(record: Record[Any, Any, Any]) -> bool:
    """Whether lists can be filtered by tags that are stored beside the record."""
    return record.annotated and "tag" not in record.filters.model_fields


def _bound(compare: Callable[[Any], Any]) -> Where:
    def bound(value: Any) -> ColumnElement[bool]:
        compared: ColumnElement[bool] = compare(value)
        return compared

    return bound


def _declared(record: Record[Any, Any, Any]) -> Iterator[tuple[str, Any]]:
    together = {name for names in record.where if isinstance(names, tuple) for name in names}
    for name, field in record.filters.model_fields.items():
        value_type = _value_of(field.rebuild_annotation())
        if name not in SINGLE | together and field.default is None and _is_choice(value_type):
            described = f"{field.description or ''} Several are separated by commas.".strip()
            kept = Field(default=None, description=described, examples=field.examples)
            own = None if name in record.where else record.body.model_fields.get(name)
            yield name, (_several(_normalised(value_type, own)), kept)


def _normalised(value_type: Any, field: FieldInfo | None) -> Any:
    """The type of the record's own field, which normalises the values of a text filter."""
    return _value_of(field.rebuild_annotation()) if value_type is str and field is not None else value_type


def _value_of(annotation: Any) -> Any:
    """The type of a given value, with its validation."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin in (Union, UnionType):
        (*rest,) = (each for each in inner if each is not type(None))
        return _value_of(rest[0]) if len(rest) == 1 else annotation
    if origin is Annotated and get_origin(inner[0]) in (Union, UnionType):
        return _value_of(inner[0])
    return annotation


def _is_choice(value_type: Any) -> bool:
    plain = get_args(value_type)[0] if get_origin(value_type) is Annotated else value_type
    return get_origin(plain) is Literal or (isinstance(plain, type) and issubclass(plain, str | UUID | Enum))


def _ranged(record: Record[Any, Any, Any]) -> Iterator[tuple[str, Any]]:
    """The sortable columns with dates, times or amounts."""
    for name, column in record.sorting.columns.items():
        held = getattr(getattr(column, "type", None), "python_type", None)
        if held in RANGES:
            yield name, held
