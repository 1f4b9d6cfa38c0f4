"""Contacts as tests need them."""

from typing import Any
from uuid import UUID

from chassis.testing import item

CANONICAL = UUID("01900000-0000-7000-8000-00000000000b")
CUSTOMER = UUID("01900000-0000-7000-8000-00000000000a")


def delivery(**groups: Any) -> dict[str, Any]:
    return item(CANONICAL, **groups)
