"""JSON Merge Patch (RFC 7396): what a PATCH and an item of a batch carry."""

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from fastapi import Body
from pydantic import BaseModel, ValidationError

from chassis.edge import field_errors
from chassis.errors import Malformed

JsonPatch = Annotated[
    dict[str, Any],
    Body(
        media_type="application/merge-patch+json",
        description="JSON Merge Patch (RFC 7396): the fields to change; null empties a field; lists are replaced.",
    ),
]
Shape = TypeVar("Shape", bound=BaseModel)


def merge(document: Any, patch: Any) -> Any:
    """The document with the patch applied; neither is changed."""
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
    """The whole body after the patch, checked. Raise `Malformed` with each field that is wrong or unknown."""
    if unknown := sorted(patch.keys() - shape.model_fields.keys()):
        raise Malformed(errors=[{"field": name, "message": "unknown field: remove it"} for name in unknown])
    return parsed(shape, merge(document, patch))


def parsed(shape: type[Shape], document: Any) -> Shape:
    """A document as its shape. Raise `Malformed` with each field that is wrong."""
    try:
        return shape.model_validate(document)
    except ValidationError as error:
        raise Malformed(errors=field_errors(error, document)) from None
