"""The shapes of whole answers, for the API's document: a record's own fields, `allowed`, and what may be expanded."""

from functools import cache
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, Field, GetJsonSchemaHandler, create_model
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from records.allowed import verbs_of
from records.cells import holds_many, part_of
from records.expanding import Reference, listed_shape, references
from records.record import Record

ALLOWED = "The verbs that the state of the record and your scopes allow now. What else a rule forbids, it says then."


class _Expandable(BaseModel):
    """An answer with places that are there only when they are asked for."""

    places: ClassVar[frozenset[str]] = frozenset()

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        shown = handler(schema)
        whole = handler.resolve_ref_schema(shown)
        whole["required"] = [name for name in whole.get("required", []) if name not in cls.places]
        return shown


@cache
def answer_shape(record: Record[Any, Any, Any]) -> type[BaseModel]:
    """The answer of a read, and of every verb that changes one row."""
    return _whole(record, record.out)


@cache
def item_shape(record: Record[Any, Any, Any]) -> type[BaseModel]:
    """An item of the list; what is expanded of another record has this shape, too."""
    return answer_shape(record) if record.listed is None else _whole(record, listed_shape(record))


def _whole(record: Record[Any, Any, Any], shape: type[BaseModel]) -> type[BaseModel]:
    found = list(references(record, shape).values())
    own = [each for each in found if not each.inside]
    fields: dict[str, Any] = _places(own)
    for name in dict.fromkeys(each.inside for each in found if each.inside):
        fields[name] = _inside(shape, name, [each for each in found if each.inside == name])
    if verbs := verbs_of(record):
        fields["allowed"] = (list[Literal[verbs]], Field(description=ALLOWED))  # type: ignore[valid-type]  # Values.
    return _extended(shape, fields, own) if fields else shape


def _places(found: list[Reference]) -> dict[str, Any]:
    return {each.place: (item_shape(each.record) | None, _place(each)) for each in found}


def _place(reference: Reference) -> Any:
    return Field(default=None, description=f"With `expand={reference.name}`: the record of `{reference.field}`.")


def _inside(shape: type[BaseModel], name: str, found: list[Reference]) -> Any:
    info = shape.model_fields[name]
    part = part_of(info.annotation)
    if part is None:
        raise TypeError(f"{shape.__name__}.{name} holds no objects that could refer to others")
    more = _extended(part, _places(found), found)
    return (list[more] if holds_many(info.annotation) else more | None, info)  # type: ignore[valid-type]  # A value.


def _extended(shape: type[BaseModel], fields: dict[str, Any], found: list[Reference]) -> type[BaseModel]:
    """The shape with more fields: `OrderRead` is `OrderOut` as reads answer it."""
    if taken := [each.name for each in found if each.place in shape.model_fields]:
        raise TypeError(f"{shape.__name__} has fields of its own where {taken} would be expanded")
    extended: type[BaseModel] = create_model(
        f"{shape.__name__.removesuffix('Out')}Read",
        __base__=(_Expandable, shape),
        __module__=shape.__module__,
        __doc__=shape.__doc__,
        **fields,
    )
    extended.places = frozenset(each.place for each in found)  # type: ignore[attr-defined]  # Of `_Expandable`.
    return extended
