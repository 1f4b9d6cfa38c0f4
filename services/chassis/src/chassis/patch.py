"""JSON Merge Patch (RFC 7396): the body of a PATCH and of an item of a batch.

    async def change_deal(deal_id: UUID, patch: JsonPatch[DealBody], ...) -> DealOut:

The API's document shows a `DealPatch` there. The function gets the patch as it was sent: `patched` merges it with the
record, and validates the result.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from types import UnionType
from typing import Annotated, Any, Generic, Self, TypeVar, Union, get_args, get_origin

from fastapi import Body
from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, ValidationError, create_model
from pydantic_core import CoreSchema, PydanticKnownError, core_schema

from chassis.edge import field_errors, unknown_field
from chassis.errors import Malformed

Shape = TypeVar("Shape", bound=BaseModel)


class Unchecked(dict[str, Any]):
    """An object that is not validated, and that the API's document shows as a shape."""

    @classmethod
    def as_shown(cls, shape: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """The schema of the shape, whose validation is skipped."""
        return core_schema.no_info_wrap_validator_function(cls._taken, handler.generate_schema(shape))

    @classmethod
    def _taken(cls, value: Any, _check: Any) -> Self:
        if not isinstance(value, dict):
            raise PydanticKnownError("dict_type")
        return cls(value)


class Patch(Unchecked, Generic[Shape]):
    """The fields of a `Shape` to change; not validated until `patched` merges them with the record."""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        (shape,) = get_args(source)
        return cls.as_shown(patch_of(shape), handler)


JsonPatch = Annotated[Patch[Shape], Body(media_type="application/merge-patch+json")]


@cache
def patch_of(shape: type[BaseModel], name: str | None = None) -> type[BaseModel]:
    """The model of a patch: no field is required, and each that has a default may be set to null.

    Fields that are objects may be given in part; lists are replaced.
    """
    return create_model(
        name or f"{shape.__name__.removesuffix('Body').removeprefix('New')}Patch",
        __config__=ConfigDict(extra="forbid"),
        __module__=shape.__module__,
        __doc__=f"Fields of `{shape.__name__}` to change. Null empties a field, lists are replaced (RFC 7396).",
        **dict(_fields(shape)),
    )


def _fields(shape: type[BaseModel]) -> Iterator[tuple[str, Any]]:
    for name, field in shape.model_fields.items():
        annotation = _partial(field.rebuild_annotation())
        optional: Any = annotation if field.is_required() else annotation | None
        yield name, (optional, Field(default=None, description=field.description, json_schema_extra=_without_default))


def _without_default(schema: dict[str, Any]) -> None:
    """An omitted field is unchanged: it has no default."""
    schema.pop("default", None)


def _partial(annotation: Any) -> Any:
    """The type with partial models in place of models, except in lists."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return patch_of(annotation, f"Partial{annotation.__name__}")
    if origin is Annotated:
        return Annotated[(_partial(inner[0]), *inner[1:])]
    if origin in (Union, UnionType):
        return Union[tuple(_partial(each) for each in inner)]  # noqa: UP007  # Of parts that are known at run time.
    return annotation


def merge(document: Any, patch: Any) -> Any:
    """The document with the patch applied; the arguments are not changed."""
    if not isinstance(patch, Mapping):
        return patch
    merged = dict(document) if isinstance(document, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge(merged.get(name), value)
    return merged


def patched(shape: type[Shape], document: Mapping[str, Any], patch: Mapping[str, Any]) -> Shape:
    """The whole body after the patch, validated. Raises `Malformed` with each field that is invalid or unknown."""
    known = {name: value for name, value in patch.items() if name in shape.model_fields}
    return _checked(
        shape, merge(document, known), [unknown_field(name) for name in sorted(patch.keys() - known.keys())]
    )


def parsed(shape: type[Shape], document: Any) -> Shape:
    """A document as its shape. Raises `Malformed` with each invalid field."""
    return _checked(shape, document, [])


def _checked(shape: type[Shape], document: Any, unknown: list[dict[str, str]]) -> Shape:
    try:
        body = shape.model_validate(document)
    except ValidationError as error:
        raise Malformed(errors=[*field_errors(error, document), *unknown]) from None
    if unknown:
        raise Malformed(errors=unknown)
    return body
