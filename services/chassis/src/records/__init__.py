"""Plain records, declared once: their list, their verbs over HTTP, and the functions that other commands call.

    WAREHOUSES = Record("warehouse", path="/v1/warehouses", scope="inventory", row=Warehouse, body=WarehouseBody, ...)
    router = routes(WAREHOUSES)

    row = await reads.by_id(session, WAREHOUSES, warehouse_id)
    row = await writes.change(session, WAREHOUSES, warehouse_id, {"name": "Hamburg"}, actor, seen)

A request goes from `routes` to `writes` or `reads`, then to the checks of the module.
"""

from records import reads, writes
from records.allowed import needs
from records.answers import answered
from records.filters import ME, Filters, Meanings, SharedFilters, Where
from records.reads import rows_of
from records.record import LIST_ONLY, READ_ONLY, Record, ReferenceUnknown
from records.routes import ActionRouter, RecordRouter, routes, seen_of
from records.rows import FromJson, Plain, PlainOut, column_value
from records.states import States
from records.words import word_index

__all__ = [
    "LIST_ONLY",
    "ME",
    "READ_ONLY",
    "ActionRouter",
    "Filters",
    "FromJson",
    "Meanings",
    "Plain",
    "PlainOut",
    "Record",
    "RecordRouter",
    "ReferenceUnknown",
    "SharedFilters",
    "States",
    "Where",
    "answered",
    "column_value",
    "needs",
    "reads",
    "routes",
    "rows_of",
    "seen_of",
    "word_index",
    "writes",
]
