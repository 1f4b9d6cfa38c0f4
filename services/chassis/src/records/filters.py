"""What every list may be narrowed by, and what the common filters mean in SQL."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import ColumnElement, or_

Archived = Literal["false", "true", "any"]
Where = Callable[..., ColumnElement[bool]]
Meanings = Mapping[str | tuple[str, ...], Where]
"""What filters mean that are not simply compared: by name, or by the names of several of which the first decides."""


class AnyOf(list[Any]):
    """Values of a filter, any of which may hold."""


class Filters(BaseModel):
    """Filters of the list; all given filters must match."""

    archived: Archived = "false"


class SharedFilters(Filters):
    """Filters of records that other systems have too."""

    canonical_id: UUID | None = None
    updated_since: datetime | None = None


def conditions(row: Any, filters: BaseModel, where: Meanings) -> list[ColumnElement[bool]]:
    """One condition for each filter that is given: the module's own, the common one, or equality with the column.

    Of several values any may be the column's. Words (`q`) are no condition by themselves, unless the module says which.
    """
    together = [(names, meaning) for names, meaning in where.items() if isinstance(names, tuple)]
    later = {"q", *(name for names, _ in together for name in names)} - where.keys()
    alone = [(name, getattr(filters, name)) for name in type(filters).model_fields if name not in later]
    found = [_condition(row, name, value, where) for name, value in alone if _is_given(value)]
    asked = [([getattr(filters, name) for name in names], meaning) for names, meaning in together]
    return found + [meaning(*values) for values, meaning in asked if _is_given(values[0])]


def _is_given(value: Any) -> bool:
    return value not in (None, "any", [])


def _condition(row: Any, name: str, value: Any, where: Meanings) -> ColumnElement[bool]:
    if name in where:
        return or_(*(where[name](each) for each in (value if isinstance(value, AnyOf) else [value])))
    found: ColumnElement[bool]
    match name:
        case "updated_since":
            found = row.updated_at >= value
        case "ids":
            found = row.id.in_(value)
        case "archived":
            found = row.archived_at.is_not(None) if value == "true" else row.archived_at.is_(None)
        case _ if isinstance(value, list):
            found = getattr(row, name).in_(value)
        case _:
            found = getattr(row, name) == value
    return found
