"""Named reads of customers."""

from collections.abc import Mapping
from typing import Any

from contracts.normalise import email_key, phone_digits, phone_e164, tax_id_key
from sqlalchemy import exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from erp.parties.customers.models import Customer, LegalEntity


async def numbered(session: AsyncSession, number: str) -> Customer | None:
    """The customer that has this number, archived or not."""
    statement = select(Customer).options(selectinload(Customer.entities)).where(Customer.number == number.upper())
    found: Customer | None = await session.scalar(statement)
    return found


async def twin(session: AsyncSession, values: Mapping[str, Any]) -> bool:
    """Whether a customer that no other system knows yet has the same tax id, e-mail or phone."""
    country = (values.get("billing_address") or values.get("shipping_address") or {}).get("country")
    email, phone = values.get("email"), values.get("phone")
    number = phone and phone_e164(phone, country)
    keys = {Customer.email_key: email and email_key(email), Customer.phone_e164: number}
    same = [column == key for column, key in keys.items() if key]
    if phone and not number and (digits := phone_digits(phone)):
        written = func.regexp_replace(Customer.phone, r"\D", "", "g")
        same.append(Customer.phone_e164.is_(None) & (written == digits))
    if tax_ids := _tax_id_keys(values):
        same.append(Customer.id.in_(select(LegalEntity.customer_id).where(LegalEntity.tax_id_key.in_(tax_ids))))
    unlinked = (Customer.canonical_id.is_(None), Customer.archived_at.is_(None))
    return bool(same) and bool(await session.scalar(select(exists().where(*unlinked, or_(*same)))))


def _tax_id_keys(values: Mapping[str, Any]) -> set[str]:
    entities = [value for group, value in values.items() if group.startswith("legal:") and value]
    keys = {tax_id_key(e["tax_id"], e["country"]) for e in entities if e.get("tax_id") and e.get("country")}
    return {key for key in keys if key}
