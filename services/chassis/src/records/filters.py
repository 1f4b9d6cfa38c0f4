"""What every list may be narrowed by, and what the common filters mean in SQL."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import ColumnElement

Archived = Literal["false", "true", "any"]
Where = Callable[[Any], ColumnElement[bool]]


class Filters(BaseModel):
    """What a list may be narrowed by; all that are given must hold."""

    archived: Archived = "false"


class SharedFilters(Filters):
    """Filters of records that other systems have too."""

    canonical_id: UUID | None = None
    updated_since: datetime | None = None


class TextFilters(SharedFilters):
    """Filters of records that are found by words."""

    q: str | None = Field(default=None, max_length=200, description="Beginnings of words in the texts of the record.")


def conditions(row: Any, filters: BaseModel, where: Mapping[str, Where]) -> list[ColumnElement[bool]]:
    """One condition for each filter that is given: the module's own, the common one, or equality with the column.

    Of several values any may be the column's. Words (`q`) are no condition by themselves, unless the module says which.
    """
    given = {name: getattr(filters, name) for name in type(filters).model_fields if name != "q" or name in where}
    return [_condition(row, name, value, where) for name, value in given.items() if value not in (None, "any", [])]


def _condition(row: Any, name: str, value: Any, where: Mapping[str, Where]) -> ColumnElement[bool]:
    if name in where:
        return where[name](value)
    found: ColumnElement[bool]
    match name:
        case "updated_since":
            found = row.updated_at >= value
        case "archived":
            found = row.archived_at.is_not(None) if value == "true" else row.archived_at.is_(None)
        case _ if isinstance(value, list):
            found = getattr(row, name).in_(value)
        case _:
            found = getattr(row, name) == value
    return found
