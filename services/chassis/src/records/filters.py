"""The common filters of lists, and their conditions in SQL."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import ColumnElement, or_

Archived = Literal["false", "true", "any"]
Where = Callable[..., ColumnElement[bool]]
Meanings = Mapping[str | tuple[str, ...], Where]
"""Filters with their own condition: by name, or by several names of which the first decides."""


ME = "me"
"""In a filter: the record of the caller."""


class AnyOf(list[Any]):
    """Values of a filter; one of them must match."""


class Filters(BaseModel):
    """Filters of the list; all given filters must match."""

    archived: Archived = "false"


class SharedFilters(Filters):
    """Filters of replicated records."""

    canonical_id: UUID | None = None
    updated_since: datetime | None = None


def conditions(row: Any, filters: BaseModel, where: Meanings) -> list[ColumnElement[bool]]:
    """One condition for each given filter: the module's own, the common one, or equality with the column.

    Of several values one must match. Words (`q`) have no condition here, unless the module declares one.
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
