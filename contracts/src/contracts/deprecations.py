"""The one list of deprecated operations. A field is deprecated where it is declared, by `deprecated_field`."""

from collections.abc import Mapping
from datetime import date
from typing import Any

SHORTEST_DAYS = 365

Declared = tuple[date, date, str]
"""Deprecated since, may be removed from, and a link to what to use instead."""

DEPRECATED: Mapping[str, Mapping[str, Declared]] = {"crm": {}, "erp": {}, "gateway": {}}
"""By service and operation id: `{"crm": {"customers_old_list": (date(2027, 1, 1), date(2028, 1, 1), "https://..."),}}`."""


def deprecated_field(since: date, sunset: date, instead: str) -> dict[str, Any]:
    """The arguments of pydantic's `Field` for a deprecated field: `Field(**deprecated_field(...))`."""
    extra = {"x-deprecated-since": since.isoformat(), "x-sunset": sunset.isoformat()}
    return {"deprecated": True, "description": f"Deprecated: {instead}", "json_schema_extra": extra}
