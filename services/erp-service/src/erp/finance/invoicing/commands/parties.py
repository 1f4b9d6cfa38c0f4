"""The issuer and the recipient of a document, stored as of the day of issue."""

from datetime import date
from typing import Any
from uuid import UUID

from records import reads
from sqlalchemy.ext.asyncio import AsyncSession

from erp.ledger import queries as ledger
from erp.parties.customers.models import Customer
from erp.parties.customers.records import CUSTOMERS


async def parties(session: AsyncSession, customer_id: UUID, on: date) -> tuple[Customer, dict[str, Any]]:
    """The customer, and the columns `issuer`, `billed_to` and `language` of a document."""
    customer = await reads.by_id(session, CUSTOMERS, customer_id)
    company = await ledger.company(session)
    return customer, {
        "issuer": {"name": company.name, "address": company.address, "tax_id": company.tax_id},
        "billed_to": {
            "name": customer.name,
            "number": customer.number,
            "address": customer.billing_address or customer.shipping_address,
            "tax_id": _tax_id(customer, on),
        },
        "language": customer.language or company.language or "en",
    }


def _tax_id(customer: Customer, on: date) -> str | None:
    """The tax id of the only legal entity that is valid on that day; none if there are several."""
    holding = [
        entity.tax_id
        for entity in customer.legal_entities
        if (entity.valid_from or on) <= on <= (entity.valid_to or on) and entity.tax_id
    ]
    return holding[0] if len(holding) == 1 else None
