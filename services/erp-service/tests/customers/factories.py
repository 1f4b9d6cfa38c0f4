"""Customers of the ERP as tests need them."""

from typing import Any
from uuid import UUID

from chassis.testing import item
from erp.parties.customers.models import Customer
from party.testing import filled

CANONICAL = UUID("01900000-0000-7000-8000-00000000000a")


def customer(**values: Any) -> Customer:
    return filled(Customer.blank(), **{"name": "Alfreds", **values})


def delivery(canonical_id: UUID = CANONICAL, /, **groups: Any) -> dict[str, Any]:
    return item(canonical_id, **groups)
