"""The parameters of one function, of one place: path, query or header."""

from collections.abc import Mapping, Sequence
from copy import copy
from typing import Any

from fastapi._compat import ModelField, field_annotation_is_sequence, get_cached_model_fields
from fastapi.dependencies.utils import (
    _get_param_aliases,
    _get_param_model,
    _is_json_field,
    request_params_to_args,
)
from fastapi.params import Param
from pydantic import BaseModel
from starlette.datastructures import Headers, QueryParams

Errors = list[Any]
Received = QueryParams | Headers | Mapping[str, Any]


class Parameters:
    """Reads parameters as FastAPI does. Those that a request does not name have a default, which is read once."""

    def __init__(self, fields: Sequence[ModelField], nothing: Received) -> None:
        self._fields = [_Parameter(field, nothing) for field in fields]

    def read(self, received: Received, given: frozenset[str], values: dict[str, Any]) -> Errors:
        """Add the values to `values`; returns the errors. `given` are the names in the request, in lower case."""
        errors: Errors = []
        for each in self._fields:
            if each.has_default and each.names.isdisjoint(given):
                values[each.name] = each.default()
                continue
            errors += each.read(received, values)
        return errors

    def __bool__(self) -> bool:
        return bool(self._fields)


class _Parameter:
    def __init__(self, field: ModelField, nothing: Received) -> None:
        self.field, self.name = field, field.name
        self.names = _names(field)
        found, errors = request_params_to_args([field], nothing)
        self.has_default = not errors
        self._default = found.get(self.name)

        self._alone = _alone(field)

    def read(self, received: Received, values: dict[str, Any]) -> Errors:
        """Add the value to `values`; returns the errors."""
        if self._alone is not None and (value := received.get(self._alone[1])) is not None:
            values[self.name], errors = self.field.validate(value, values, loc=self._alone)
            return errors
        found, errors = request_params_to_args([self.field], received)
        values.update(found)
        return errors

    def default(self) -> Any:
        """The default; one that could be changed is copied."""
        return copy(self._default) if isinstance(self._default, BaseModel | list | dict) else self._default


def _alone(field: ModelField) -> tuple[str, str] | None:
    """The place and the name of a parameter that is one value with one name, and needs no more than its validation."""
    info = field.field_info
    aliases = {name for _, name in _get_param_aliases(field)}
    is_many = _get_param_model(field) is not None or field_annotation_is_sequence(info.annotation)
    if not isinstance(info, Param) or _is_json_field(field) or is_many or len(aliases) > 1:
        return None
    return info.in_.value, aliases.pop()


def _names(field: ModelField) -> frozenset[str]:
    annotation = field.field_info.annotation
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return frozenset(
            name.lower() for inner in get_cached_model_fields(annotation) for _, name in _get_param_aliases(inner)
        )
    return frozenset(name.lower() for _, name in _get_param_aliases(field))
