"""Contacts as tests need them."""

from typing import Any
from uuid import UUID

MARIA: dict[str, Any] = {
    "name": "Maria Anders",
    "email": "maria@alfreds.example",
    "position": "Sales Representative",
}
CANONICAL = UUID("01900000-0000-7000-8000-00000000000b")
CUSTOMER = UUID("01900000-0000-7000-8000-00000000000a")


def delivery(*, rev: int = 1, seen_seq: int = 0, **groups: Any) -> dict[str, Any]:
    """One item for the port."""
    values = [{"group": name, "value": value, "rev": rev} for name, value in groups.items()]
    return {"canonical_id": str(CANONICAL), "seen_seq": seen_seq, "hlc": 1, "groups": values}
