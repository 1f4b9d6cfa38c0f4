"""Declarations of customers."""

from typing import Any

from chassis.auth import FieldScopes
from contracts.normalise import email_key
from contracts.scopes import write_scopes_of
from custom_fields.queries import checked_values
from records import Record, routes
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from erp.parties.customers.events import CUSTOMER
from erp.parties.customers.models import Customer
from erp.parties.customers.schemas import CustomerBody, CustomerFilters, CustomerOut


async def _check_custom(session: AsyncSession, row: Customer, values: dict[str, Any]) -> None:
    values["custom"] = await checked_values(session, values["custom"], row.custom)


CUSTOMERS = Record(
    "customer",
    path="/v1/customers",
    scope="customers",
    row=Customer,
    body=CustomerBody,
    out=CustomerOut,
    filters=CustomerFilters,
    sort=("name", "number", "created_at", "updated_at"),
    kind=CUSTOMER,
    loads=(selectinload(Customer.entities),),
    codes=lambda text: Customer.number == text.strip().upper(),
    where={
        "country": lambda code: Customer.billing_address["country"].astext == code,
        "email": lambda text: Customer.email_key == (email_key(text) or text),
        "tag": lambda tag: Customer.tags.contains([tag]),
    },
    prepare=_check_custom,
    field_scopes=FieldScopes(write_scopes_of("customer")),
    shown_only={"legal_entities": {"__all__": {"tax_id_key"}}},
)
router = routes(CUSTOMERS, says={"create": "Enter a customer. It is synchronised to the other systems within moments."})
