"""Validation against the published language, value by value. Compiled once, because every event passes it.

`contracts.events` describes the same as models of whole events; those are for third parties and would validate a value
as often as it occurs in an event.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache, lru_cache
from typing import Annotated, Any, Literal, NotRequired
from uuid import UUID

import orjson
from chassis.edge import field_errors
from contracts.groups import GOLDEN_GROUPS, GROUPS, Shape, Shapes
from pydantic import Field, TypeAdapter, ValidationError
from typing_extensions import TypedDict

from gateway.merge.policy import Json
from gateway.merge.register import Event

REMEMBERED_LENGTH = 500
Count = Annotated[int, Field(strict=True, ge=0, lt=2**63)]
Key = Annotated[str, Field(min_length=1, max_length=200)]
Seen = dict[Key, tuple[Count, Count]]


class _Mark(TypedDict):
    seq: Count
    rev: Count
    hlc: Count
    seen: NotRequired[Seen | None]


class _Change(TypedDict):
    group: Key
    ctx: Count
    seen: NotRequired[Seen | None]


class _Frame(TypedDict):
    """An event without its values."""

    kind: Key
    local_id: Key
    canonical_id: NotRequired[UUID | None]
    seq: Annotated[Count, Field(ge=1)]
    hlc: Count
    origin: Literal["user", "gateway"]
    actor: str
    changes: list[_Change]
    snapshot: dict[Key, Any]
    sync: dict[Key, _Mark]


_FRAME = TypeAdapter(_Frame)


class Unfit(ValueError):
    """Data does not have its published shape. `errors` are `field` and `message` of each."""

    def __init__(self, errors: list[dict[str, str]]) -> None:
        super().__init__("; ".join(f"{each['field']}: {each['message']}" for each in errors))
        self.errors = errors


def check_frame(data: Mapping[str, Any]) -> None:
    """Raises `Unfit` when the data of a message is not a change of a record, without checking the values."""
    try:
        _FRAME.validate_python(data)
    except ValidationError as error:
        raise Unfit(field_errors(error, data)) from None


def fitting(event: Event) -> Event:
    """The event with normalised values. Raises `Unfit` with each field that does not fit its group.

    Replaced values are not checked, so that an edit can correct an invalid one.
    """
    shapes = GROUPS[event.kind]
    snapshot = _each_checked(shapes, _with_required(event.kind, event.snapshot))
    changed = {change.group: change.new for change in event.changes}
    others = {group: new for group, new in changed.items() if new is None or new != event.snapshot.get(group)}
    values = {**snapshot, **_each_checked(shapes, others)} if others else snapshot
    changes = tuple(
        change if (value := values[change.group]) is change.new else change._replace(new=value)
        for change in event.changes
    )
    return replace(event, changes=changes, snapshot=snapshot)


def unfit_groups(kind: str, values: Mapping[str, Json]) -> list[dict[str, str]]:
    """What is wrong with the golden values of a record: `field` and `message` of each."""
    shapes, errors = GOLDEN_GROUPS[kind], list[dict[str, str]]()
    for group, value in _with_required(kind, values).items():
        try:
            _form(shapes, group, value)
        except Unfit as unfit:
            errors += unfit.errors
    return errors


def _with_required(kind: str, values: Mapping[str, Json]) -> Mapping[str, Json]:
    missing = [group for group in _required(kind) if values.get(group) is None]
    return {**values, **dict.fromkeys(missing)} if missing else values


@cache
def _required(kind: str) -> tuple[str, ...]:
    return tuple(group for group, shape in GROUPS[kind].items() if shape.required)


def _each_checked(shapes: Shapes, values: Mapping[str, Json]) -> dict[str, Json]:
    errors: list[dict[str, str]] = []
    checked: dict[str, Json] = {}
    for group, value in values.items():
        try:
            form = _form(shapes, group, value)
            checked[group] = value if form is None else orjson.loads(form)
        except Unfit as unfit:
            errors += unfit.errors
    if errors:
        raise Unfit(errors)
    return checked


def checked_value(shapes: Shapes, group: str, value: Json) -> Json:
    """The normalised value of a group; fields of a newer version are kept. Raises `Unfit`.

    A group that is not published is accepted, for the same reason.
    """
    form = _form(shapes, group, value)
    checked: Json = value if form is None else orjson.loads(form)
    return checked


def _form(shapes: Shapes, group: str, value: Json) -> str | None:
    """The one form of a value, as JSON; None if the value has it, and for a group that is not published. Raises
    `Unfit`."""
    family, colon, member = (group, "", "") if group in shapes else group.partition(":")
    shape = shapes.get(family)
    if shape is None or bool(colon) != (shape.member is not None):
        return None
    packed = _packed(value)
    check = _remembered if len(packed) <= REMEMBERED_LENGTH else _check
    try:
        form = check(shape, member, packed)
    except ValidationError as error:
        raise Unfit([_below(group, each) for each in field_errors(error, value)]) from None
    return None if form == packed else form


def _packed(value: Any) -> str:
    """JSON as text: the bytes that orjson returns keep a block of 4 KiB each, which a cache would hold."""
    return orjson.dumps(value).decode()


def _check(shape: Shape, member: str, packed: str) -> str:
    if shape.member is not None:
        shape.members.validate_python(member)
    value = orjson.loads(packed)
    if value is None and not shape.required:
        return packed
    typed = shape.values.validate_python(value, extra="allow")
    return _packed(_with_additions(shape.values.dump_python(typed, mode="json"), value))


_remembered = lru_cache(maxsize=24_576)(_check)
"""Most values of a snapshot came with the event before, and all of a golden record came with some event. The values of
a full batch of new records fit twice."""


def _below(group: str, error: dict[str, str]) -> dict[str, str]:
    return {**error, "field": f"{group}.{error['field']}".rstrip(".")}


def _with_additions(known: Json, sent: Json) -> Json:
    if isinstance(known, dict) and isinstance(sent, Mapping):
        added = {name: value for name, value in sent.items() if name not in known}
        return {**{name: _with_additions(value, sent.get(name)) for name, value in known.items()}, **added}
    if isinstance(known, list) and isinstance(sent, list) and len(known) == len(sent):
        return [_with_additions(one, other) for one, other in zip(known, sent, strict=True)]
    return known
