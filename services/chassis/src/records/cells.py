"""Records as rows of cells: columns by dotted paths, lists as JSON, and texts that no spreadsheet runs as a formula."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, get_args, get_origin

import orjson
from pydantic import BaseModel

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_INTEGER = re.compile(r"[+-]?[0-9]{1,18}")
_GUARDED = re.compile(r"'+[=+\-@\t\r]")


def guarded(text: str) -> str:
    """The text with a leading apostrophe where a spreadsheet would run it as a formula; `unguarded` is the inverse."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) or _GUARDED.match(text) else text


def unguarded(text: str) -> str:
    """The text without the apostrophe that `guarded` adds."""
    return text[1:] if _GUARDED.match(text) else text


@dataclass(frozen=True)
class Column:
    """A field, or a field of a part (`billing_address.city`); `number`: it contains only numbers."""

    path: str
    number: bool

    def value(self, document: Mapping[str, Any]) -> Any:
        """The value of a document in JSON form at the path; None when a part on the way is missing."""
        found: Any = document
        for name in self.path.split("."):
            found = found.get(name) if isinstance(found, Mapping) else None
        return found

    def text(self, document: Mapping[str, Any]) -> str:
        """The text of the cell, guarded unless it is a number. An empty list is an empty cell, like no value."""
        text = as_text(self.value(document))
        return text if self.number else guarded(text)


def as_text(value: Any) -> str:
    """A value in JSON form as the text of a cell: lists and objects as JSON, null as an empty text."""
    if value is None or value in ([], {}):
        return ""
    if isinstance(value, list | dict | bool):
        return orjson.dumps(value).decode()
    return str(value)


def columns_of(shape: type[BaseModel]) -> Sequence[Column]:
    """The columns of a shape: each field, and each field of a part that is not a list."""
    found: list[Column] = []
    for name, info in shape.model_fields.items():
        part = part_of(info.annotation)
        if part is None or holds_many(info.annotation):
            found.append(Column(name, _is_number(info.annotation)))
        else:
            inner = part.model_fields.items()
            found += [Column(f"{name}.{field}", _is_number(each.annotation)) for field, each in inner]
    return found


_MANY = (list, tuple, dict, Sequence, Mapping)


def part_of(annotation: Any) -> type[BaseModel] | None:
    """The shape of a field's parts, or of the members of its list; None for a plain field."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((part for inner in get_args(annotation) if (part := part_of(inner))), None)


def holds_many(annotation: Any) -> bool:
    """Whether a field contains a list, or an object with arbitrary keys."""
    if annotation in _MANY or get_origin(annotation) in _MANY:
        return True
    return any(holds_many(inner) for inner in get_args(annotation))


def read_cell(annotation: Any, cell: str) -> Any:
    """The value of a cell for a field of this type: a list or object as JSON, a boolean, an integer, else its text."""
    if cell[:1] in ("[", "{") and holds_many(annotation):
        try:
            return orjson.loads(cell)
        except orjson.JSONDecodeError:
            return cell
    if cell.lower() in ("true", "false") and _only(annotation, {bool}):
        return cell.lower() == "true"
    if _INTEGER.fullmatch(cell) and _only(annotation, {int}):
        return int(cell)
    return cell


def _is_number(annotation: Any) -> bool:
    return _only(annotation, {int, float, Decimal})


def _only(annotation: Any, kinds: set[type]) -> bool:
    """Whether a field contains only values of these types, or null."""
    found = _plain_types(annotation) - {type(None)}
    return bool(found) and found <= kinds


def _plain_types(annotation: Any) -> set[Any]:
    inner = get_args(annotation)
    if hasattr(annotation, "__metadata__"):
        inner = inner[:1]
    return set().union(*map(_plain_types, inner)) if inner else {annotation}
