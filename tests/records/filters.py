"""Values of filters: one that a row has, and one that none has."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from enum import Enum
from typing import Any, Literal, get_args, get_origin
from uuid import UUID

from .examples import Json

UNVALUED = {
    "crm-customer owner_name": "is of before owners were employees; tested with the customers",
    "crm-deal owner_name": "is of before owners were employees; tested with the deals",
    "erp-customer owner_name": "is of before owners were employees; tested with the customers",
    "crm-employee manager_id": "needs another employee; tested with the employees of the ERP",
    "crm-order number": "is given by the ERP; tested with the orders",
    "erp-employee manager_id": "needs another employee; tested with the employees",
    "crm-invoice on": "is the day on which an invoice is looked at; tested with the receivables",
    "crm-email lead_id": "is that of an unknown sender; tested with the mail",
    "erp-credit_note order_id": "stands at the lines of its invoice; tested with invoicing",
    "erp-invoice order_id": "stands at its lines; tested with invoicing",
    "erp-move line_id": "a receipt is of no line; tested with the stock",
    "erp-order number": "is given when the order is submitted; tested with the orders",
    "erp-order sales_number": "is given by the CRM; tested with the orders",
    "erp-payment invoice_id": "needs an invoice that it settles; tested with the payments",
    "erp-shipment customer_id": "stands at its order; tested with the orders",
}
"""Filters that no row of the suite has a value for, and why. The test of filters keeps this exact."""
ELSEWHERE: Mapping[str, Callable[[Json], Any]] = {
    "q": lambda row: next(row[name] for name in ("name", "reference", "subject") if row.get(name)).split()[0][:3],
    "country": lambda row: row["country"] if "country" in row else row["billing_address"]["country"],
    "tag": lambda row: row["tags"][0],
    "product_id": lambda row: row["product_id"] if "product_id" in row else row["lines"][0]["product_id"],
    "updated_since": lambda row: row["updated_at"],
    "closes_from": lambda row: row["expected_close"],
    "day": lambda row: row["first_day"],
    "closes_until": lambda row: row["expected_close"],
    "ordered_from": lambda row: row["ordered_on"],
    "ordered_until": lambda row: row["ordered_on"],
    "received_from": lambda row: row["received_on"],
    "received_until": lambda row: row["received_on"],
    "issued_from": lambda row: row["issued_on"],
    "issued_until": lambda row: row["issued_on"],
    "shipped_from": lambda row: row["shipped_on"],
    "shipped_until": lambda row: row["shipped_on"],
    "since": lambda row: row.get("moved_on") or row["posted_on"],
    "until": lambda row: row.get("moved_on") or row["posted_on"],
    "started_from": lambda row: row["started_at"],
    "started_until": lambda row: row["started_at"],
    "score_from": lambda row: row["score"],
    "due_from": lambda row: row["due_at"],
    "due_until": lambda row: row["due_at"],
    "contact_id": lambda row: _person(row, "contact"),
    "employee_id": lambda row: _person(row, "employee"),
    "takes_place_from": lambda row: row["begins_at" if "begins_at" in row else "starts_at"],
    "takes_place_until": lambda row: row["until_at" if "until_at" in row else "ends_at"],
    "member_id": lambda row: row["member_ids"][0],
    "account_id": lambda row: row["lines"][0]["account_id"],
    "party_id": lambda row: row["lines"][0]["party_id"],
    "order_line_id": lambda row: row["lines"][0]["order_line_id"],
}
"""Where a row has the value of a filter that is no field of it."""


def _person(row: Json, kind: str) -> Any:
    """Who takes part, is invited, or is referred to."""
    if "attendees" in row:
        return next(each[f"{kind}_id"] for each in row["attendees"] if each[f"{kind}_id"])
    return row[f"{kind}_ids"][0] if f"{kind}_ids" in row else row[f"{kind}_id"]


def value_of(row: Json, name: str) -> Any:
    """What a filter takes this row by; None if the row has no such value."""
    return ELSEWHERE[name](row) if name in ELSEWHERE else row.get(name)


def is_range(name: str) -> bool:
    """Whether a filter takes more than the rows that have its very value."""
    return name == "q" or name.endswith(("since", "until", "_from", "_to"))


def choices(annotation: Any) -> list[str]:
    """All values of a filter that has few of them; empty for others."""
    for kind in _plain(annotation):
        if kind is bool:
            return ["true", "false"]
        if isinstance(kind, type) and issubclass(kind, Enum):
            return [str(each.value) for each in kind]
        if get_origin(kind) is Literal:
            return [each for each in get_args(kind) if each != "any"]
    return []


def nothing(annotation: Any, name: str) -> str:
    """A value of the filter's type that no row has."""
    kinds = _plain(annotation)
    if UUID in kinds or name in ("owner_id", "assignee_id", "organiser_id"):
        return "01900000-0000-7000-8000-ffffffffffff"
    if int in kinds:
        return "5000" if name.endswith("_from") else "9"
    if datetime in kinds:
        return "1900-01-01T00:00:00Z" if name.endswith("until") else "2999-01-01T00:00:00Z"
    if date in kinds:
        return "1900-01-01" if name.endswith(("until", "_to")) else "2999-01-01"
    return {"country": "AQ", "currency": "CHF"}.get(name, "zzz")


def _plain(annotation: Any) -> list[Any]:
    """The types that a filter's annotation is made of."""
    inner = get_args(annotation)
    if get_origin(annotation) is Literal or not inner:
        return [annotation]
    inner = inner[:1] if hasattr(annotation, "__metadata__") else inner
    return [kind for each in inner for kind in _plain(each)]
