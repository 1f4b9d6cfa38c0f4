"""The column of records that have fields of a tenant's own."""

from typing import Any

from chassis.db import JsonObject
from sqlalchemy import text
from sqlalchemy.orm import Mapped, mapped_column, validates


class OwnFields:
    """`custom` holds values by the keys of declared fields; what is emptied is left out."""

    custom: Mapped[JsonObject] = mapped_column(server_default=text("'{}'"), default=dict)

    @validates("custom")
    def _without_empty_values(self, _field: str, values: dict[str, Any] | None) -> dict[str, Any]:
        return {key: value for key, value in (values or {}).items() if value is not None}
