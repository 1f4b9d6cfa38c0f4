"""Customers as tests need them."""

from typing import Any
from uuid import UUID, uuid4

from erp.parties.customers.models import Customer

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
CANONICAL = UUID("01900000-0000-7000-8000-00000000000a")


def entity(**values: Any) -> dict[str, Any]:
    """A legal entity as it is checked: every field is there."""
    blank = dict.fromkeys(("legal_name", "country", "tax_id", "registration", "valid_from", "valid_to"))
    return {**blank, **GERMAN, **values}


def customer(**values: Any) -> Customer:
    row = Customer.blank()
    row.id = uuid4()
    row.change({"name": "Alfreds", **values})
    return row


def delivery(canonical_id: UUID = CANONICAL, *, rev: int = 1, seen_seq: int = 0, **groups: Any) -> dict[str, Any]:
    """One item for the port; `tag__vip=` stands for the group `tag:vip`."""
    values = [{"group": name.replace("__", ":"), "value": value, "rev": rev} for name, value in groups.items()]
    return {"canonical_id": str(canonical_id), "seen_seq": seen_seq, "hlc": 1, "groups": values}
