"""Declarations of customers."""

from typing import Any

from contracts.normalise import email_key
from custom_fields.queries import checked_values
from records import Record, routes
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from crm.parties.customers.events import CUSTOMER
from crm.parties.customers.models import Customer
from crm.parties.customers.schemas import CustomerBody, CustomerFilters, CustomerOut


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
    sort=("name", "created_at", "updated_at"),
    kind=CUSTOMER,
    loads=(selectinload(Customer.entities),),
    where={
        "country": lambda code: Customer.billing_address["country"].astext == code,
        "email": lambda text: Customer.email_key == (email_key(text) or text),
        "tag": lambda tag: Customer.tags.contains([tag]),
    },
    prepare=_check_custom,
    kept_by={"payment_terms": "erp", "credit": "erp"},
    shown_only={"legal_entities": {"__all__": {"tax_id_key", "tax_id_valid"}}},
)
router = routes(CUSTOMERS, says={"create": "Enter a customer. It is synchronised to the other systems within moments."})
