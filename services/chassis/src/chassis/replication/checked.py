"""Groups whose deliveries are checked like any other input, and written through the row's own `change`."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Protocol

from pydantic import TypeAdapter, ValidationError

from chassis.edge import field_errors
from chassis.errors import Malformed
from chassis.replication.kind import Group, Json


class Changeable(Protocol):
    """A row that takes checked values in JSON form, by the name of their field."""

    def change(self, values: Mapping[str, Any]) -> None: ...


def checked(shape: Any, value: Json, field: str) -> Json:
    """The value in its one JSON form. Raise `Malformed`, naming the field, when it is not of that shape."""
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
    """Building one costs more than many checks."""
    return TypeAdapter(shape)


def single(name: str, shape: Any, *, field: str | None = None, reference: str | None = None) -> Group:
    """A group of one field of the row; an empty value writes None."""
    attribute = field or name
    optional = shape | None

    def read(row: Any) -> dict[str, Json]:
        value = getattr(row, attribute)
        return {name: str(value) if reference and value else value}

    def write(row: Changeable, _key: str, value: Json) -> None:
        row.change({attribute: checked(optional, value or None, name)})

    return Group(name, read, write, reference)
