"""How a row takes checked values."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import inspect

READERS: Mapping[type[Any], Callable[[str], Any]] = {
    UUID: UUID,
    Decimal: Decimal,
    date: date.fromisoformat,
    datetime: datetime.fromisoformat,
}


class FromJson:
    """A row whose columns are set from checked values in JSON form."""

    def change(self, values: Mapping[str, Any]) -> None:
        """Set fields; those not named stay. Ids, numbers and days that are written as text become what they are."""
        for field, value in values.items():
            setattr(self, field, column_value(type(self), field, value))


def column_value(row: type[Any], field: str, value: Any) -> Any:
    """What a column holds for a value in JSON form."""
    if not isinstance(value, str):
        return value
    read = READERS.get(inspect(row).columns[field].type.python_type)
    return read(value) if read else value
