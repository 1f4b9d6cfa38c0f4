"""Values of deliveries, validated like any other input."""

from functools import lru_cache
from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError

from chassis.edge import field_errors
from chassis.errors import Malformed
from chassis.replication.kind import Group, Json, fields


def checked(shape: Any, value: Json, field: str) -> Json:
    """The value in its normalised JSON form. Raises `Malformed`, with the field, when it does not have that shape."""
    adapter = _adapter(shape)
    try:
        return adapter.dump_python(adapter.validate_python(value), mode="json")
    except ValidationError as error:
        errors = [
            {**each, "field": ".".join(part for part in (field, each["field"]) if part)}
            for each in field_errors(error, value)
        ]
        raise Malformed(errors=errors) from None


@lru_cache(maxsize=500)
def _adapter(shape: Any) -> TypeAdapter[Any]:
    """Cached, because building an adapter costs more than many validations."""
    return TypeAdapter(shape)


def composed(name: str, shape: type[BaseModel], **renamed: str) -> Group:
    """A group whose fields are columns of the row, of the same names unless `renamed`; if all are empty the group has
    no value.

    Lists and objects are stored in their JSON form.
    """
    columns = {field: renamed.get(field, field) for field in shape.model_fields}

    def read(row: Any) -> Json:
        values = {field: getattr(row, column) for field, column in columns.items()}
        filled = any(value not in (None, []) for value in values.values())
        return shape.model_validate(values).model_dump(mode="json") if filled else None

    def write(row: Any, value: Json) -> None:
        plain = checked(shape, value, name)
        typed = shape.model_validate(plain)
        for field, column in columns.items():
            nested = isinstance(plain[field], (list, dict))
            setattr(row, column, plain[field] if nested else getattr(typed, field))

    return fields(name, read, write)
