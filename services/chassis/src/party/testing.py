"""Customers and contacts as the tests of both services need them."""

from typing import Any, Protocol, TypeVar
from uuid import uuid4

ALFREDS: dict[str, Any] = {
    "name": "Alfreds Futterkiste",
    "kind": "company",
    "email": None,
    "phone": "030-0074321",
    "billing_address": {
        "lines": ["Obere Str. 57"],
        "postal_code": "12209",
        "city": "Berlin",
        "region": None,
        "country": "DE",
    },
    "tags": ["retail"],
    "notes": "",
}
GERMAN = {"legal_name": "Alfreds Futterkiste GmbH", "country": "DE", "tax_id": "DE136695976"}
MARIA: dict[str, Any] = {
    "name": "Maria Anders",
    "email": "maria@alfreds.example",
    "position": "Sales Representative",
}


FILLED: dict[str, Any] = {
    "email": "a@b.example",
    "tags": ["vip"],
    "notes": "Call first",
    "custom": {"shoe_size": 43},
    "payment_terms": {"days": 30, "discount_days": None, "discount_percent": None},
    "credit": {"limit": "10.00", "currency": "EUR", "blocked": False},
    "owner_id": "00000000-0000-0000-0000-000000000007",
}
"""A value of each field that is empty otherwise."""


def entity(**values: Any) -> dict[str, Any]:
    """A legal entity as it is checked: every field is there."""
    blank = dict.fromkeys(("legal_name", "country", "tax_id", "registration", "valid_from", "valid_to"))
    return {**blank, **GERMAN, **values}


class Changed(Protocol):
    """A row of a party's table."""

    id: Any

    def change(self, values: dict[str, Any], /) -> Any: ...


Row = TypeVar("Row", bound=Changed)


def filled(row: Row, **values: Any) -> Row:
    """A blank row with an id and these values; it is not in a database."""
    row.id = uuid4()
    row.change(values)
    return row
