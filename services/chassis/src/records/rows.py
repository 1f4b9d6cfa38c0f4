"""Rows and answers of plain records: how a row takes checked values, and what every one has."""

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
        """Set fields; other fields are unchanged. Ids, numbers and days that are written as text become what they
        are."""
        for field, value in values.items():
            setattr(self, field, column_value(type(self), field, value))


class Plain(FromJson, Versioned):
    """A row of a record that one system alone holds."""

    archived_at: Mapped[datetime | None]

    @classmethod
    def blank(cls) -> Self:
        """A new row with the defaults."""
        return cls()


class PlainOut(BaseModel):
    """The base of answers about such a row; fields come from the row's attributes of the same names."""

    model_config = ConfigDict(from_attributes=True, json_schema_serialization_defaults_required=True)

    id: UUID
    version: int = Field(description="Counts on with every change; the same as in the `ETag`.")
    created_at: datetime
    updated_at: datetime
    archived_at: datetime | None


def column_value(row: type[Any], field: str, value: Any) -> Any:
    """What a column holds for a value in JSON form."""
    if not isinstance(value, str):
        return value
    read = READERS.get(inspect(row).columns[field].type.python_type)
    return read(value) if read else value
