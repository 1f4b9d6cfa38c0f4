"""The fields of shapes: their types by their annotations, their bounds by their JSON Schemas."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from functools import cache
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin
from uuid import UUID

from contracts.decimals import is_amount
from contracts.product import Fraction, Gtin
from contracts.values import CountryCode, CurrencyCode, EmailText, Language, PhoneText, Tag, Website
from localisation import label
from pydantic import AfterValidator, BaseModel
from pydantic.fields import FieldInfo

from meta.schemas import Choice, FieldMeta, Type

TYPES: Sequence[tuple[type, Type]] = (
    (bool, "boolean"),
    (int, "integer"),
    (Decimal, "decimal"),
    (datetime, "datetime"),
    (date, "date"),
    (UUID, "id"),
    (str, "text"),
)
"""The first of which a type is a subclass."""

FORMATS: Mapping[str, Any] = {
    "email": EmailText,
    "phone": PhoneText,
    "url": Website,
    "language": Language,
    "currency": CurrencyCode,
    "country": CountryCode,
    "gtin": Gtin,
    "fraction": Fraction,
    "tag": Tag,
}
"""The types of values with a form of their own."""

BOUNDS = {"minLength": "min_length", "maxLength": "max_length", "minItems": "min_items", "maxItems": "max_items"}
RANGES = {
    "minimum": "minimum",
    "exclusiveMinimum": "minimum",
    "maximum": "maximum",
    "exclusiveMaximum": "maximum",
}
MOST_DEPTH = 3
"""Of objects inside of objects."""


def fields_of(shape: type[BaseModel], depth: int = 0) -> list[FieldMeta]:
    """The fields of a shape, in its order, with labels in the current language."""
    bounds = _bounds(shape)
    return [_field(name, info, bounds.get(name, {}), depth) for name, info in shape.model_fields.items()]


def type_of(annotation: Any) -> Type:
    """The type of a value, without null."""
    kind, origin = _core(annotation), get_origin(_core(annotation))
    if origin is Literal or (isinstance(kind, type) and issubclass(kind, Enum)):
        return "choice"
    if kind in (list, tuple, set) or origin in (list, tuple, set, Sequence) or _is_list(kind):
        return "list"
    if kind is dict or origin in (dict, Mapping):
        return "map"
    if isinstance(kind, type):
        if issubclass(kind, BaseModel):
            return "object"
        return next((name for each, name in TYPES if issubclass(kind, each)), "any")
    return "any"


def choices_of(annotation: Any) -> list[Choice] | None:
    """The values of an enumeration, or of a list of them."""
    kind = _core(annotation)
    if get_origin(kind) is Literal:
        values = [str(each.value if isinstance(each, Enum) else each) for each in get_args(kind)]
    elif isinstance(kind, type) and issubclass(kind, Enum):
        values = [str(each.value) for each in kind]
    else:
        return next(filter(None, map(choices_of, _entries(kind))), None)
    return [Choice(value=each, label=label(each)) for each in values]


def _field(name: str, info: FieldInfo, bounds: Mapping[str, Any], depth: int) -> FieldMeta:
    annotation = info.rebuild_annotation()
    kind = type_of(annotation)
    entries = _entries(_core(annotation))
    part = _part(annotation)
    return FieldMeta(
        name=name,
        label=label(name),
        type=kind,
        required=info.is_required(),
        nullable=_is_nullable(annotation),
        format=_format(annotation),
        items=type_of(entries[0]) if kind == "list" and entries else None,
        values=choices_of(annotation),
        fields=fields_of(part, depth + 1) if part is not None and depth < MOST_DEPTH else None,
        **_bounded(bounds, kind),
    )


def _bounded(schema: Mapping[str, Any], kind: Type) -> dict[str, Any]:
    """The bounds in a JSON Schema, of which one alternative may be null."""
    options = [each for each in schema.get("anyOf", [schema]) if each.get("type") != "null"]
    found: dict[str, Any] = {}
    for option in options:
        found |= {name: option[key] for key, name in BOUNDS.items() if key in option}
        found |= {name: str(option[key]) for key, name in RANGES.items() if key in option}
        if kind == "text" and "pattern" in option:
            found["pattern"] = option["pattern"]
    return found if kind in ("text", "integer", "decimal", "list") else {}


@cache
def _bounds(shape: type[BaseModel]) -> Mapping[str, Any]:
    properties: Mapping[str, Any] = shape.model_json_schema().get("properties", {})
    return properties


def _core(annotation: Any) -> Any:
    """The type inside of `Annotated` and of a union with null."""
    if hasattr(annotation, "__metadata__"):
        return _core(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        rest = [each for each in get_args(annotation) if each is not type(None)]
        return _core(rest[0]) if len({str(_core(each)) for each in rest}) == 1 else annotation
    return annotation


def _is_list(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, list | tuple | set)


def _entries(kind: Any) -> tuple[Any, ...]:
    """The types inside of a list or a map."""
    return tuple(each for each in get_args(kind) if each is not Ellipsis) if not _is_union(kind) else ()


def _is_union(kind: Any) -> bool:
    return get_origin(kind) in (Union, UnionType)


def _part(annotation: Any) -> type[BaseModel] | None:
    """The shape of an object, or of the entries of a list."""
    kind = _core(annotation)
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return kind
    return next((part for inner in _entries(kind) if (part := _part(inner))), None)


def _is_nullable(annotation: Any) -> bool:
    inner = get_args(annotation)
    if hasattr(annotation, "__metadata__"):
        return _is_nullable(inner[0])
    return _is_union(annotation) and any(each is type(None) or _is_nullable(each) for each in inner)


def _format(annotation: Any) -> str | None:
    found = set(_validators(annotation))
    named = (name for name, form in FORMATS.items() if set(_validators(form)) and set(_validators(form)) <= found)
    return next(named, "amount" if is_amount(annotation) else None)


def _validators(annotation: Any) -> Iterator[Any]:
    yield from (each.func for each in _marks(annotation) if isinstance(each, AfterValidator))


def _marks(annotation: Any) -> Iterator[Any]:
    """All metadata of an annotation, those of a nullable value too; not those of the entries of a list."""
    if hasattr(annotation, "__metadata__"):
        yield from annotation.__metadata__
        yield from _marks(get_args(annotation)[0])
    elif _is_union(annotation):
        for each in get_args(annotation):
            yield from _marks(each)
