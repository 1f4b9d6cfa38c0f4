"""Rows and answers of plain records: setting validated values, and the common columns."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Self
from uuid import UUID

from chassis.versioned import Versioned
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import inspect
from sqlalchemy.orm import Mapped

READERS: Mapping[type[Any], Callable[[str], Any]] = {
    UUID: UUID,
    Decimal: Decimal,
    date: date.fromisoformat,
    datetime: datetime.fromisoformat,
}


class FromJson:
    """A row whose columns are set from validated values in JSON form."""

    def change(self, values: Mapping[str, Any]) -> None:
        """Set fields; other fields are unchanged. Ids, numbers and dates in text form are converted."""
        for field, value in values.items():
            setattr(self, field, column_value(type(self), field, value))


class Plain(FromJson, Versioned):
    """A row of a record that only one system holds."""

    archived_at: Mapped[datetime | None]

    @classmethod
    def blank(cls) -> Self:
        """A new row with the defaults."""
        return cls()


class PlainOut(BaseModel):
    """The base of answers about such a row; fields are read from the row's attributes of the same names."""

    model_config = ConfigDict(from_attributes=True, json_schema_serialization_defaults_required=True)

    id: UUID
    version: int = Field(description="Incremented with every change; the same as in the `ETag`.")
    created_at: datetime
    updated_at: datetime
    archived_at: datetime | None


def column_value(row: type[Any], field: str, value: Any) -> Any:
    """The column's value for a value in JSON form."""
    if not isinstance(value, str):
        return value
    read = READERS.get(inspect(row).columns[field].type.python_type)
    return read(value) if read else value
