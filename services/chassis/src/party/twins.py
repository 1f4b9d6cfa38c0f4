"""Whether a delivery may be the same record as one that a user enters here: then it waits until the hub has merged
both."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from contracts.normalise import email_key, phone_digits, phone_e164, tax_id_key
from sqlalchemy import ColumnElement, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

Twin = Callable[[AsyncSession, Mapping[str, Any]], Awaitable[bool]]


def customer_twin(customer: Any) -> Twin:
    """Whether a customer that no other system knows yet has the same tax id, e-mail or phone."""

    async def twin(session: AsyncSession, values: Mapping[str, Any]) -> bool:
        country = (values.get("billing_address") or values.get("shipping_address") or {}).get("country")
        same = _reached_alike(customer, values, country)
        if tax_ids := _tax_id_keys(values):
            entity = customer.entity
            same.append(customer.id.in_(select(entity.customer_id).where(entity.tax_id_key.in_(tax_ids))))
        return await _unlinked(session, customer, same)

    return twin


def contact_twin(contact: Any) -> Twin:
    """Whether a contact that no other system knows yet has the same e-mail or phone."""

    async def twin(session: AsyncSession, values: Mapping[str, Any]) -> bool:
        return await _unlinked(session, contact, _reached_alike(contact, values, None))

    return twin


def _reached_alike(row: Any, values: Mapping[str, Any], country: str | None) -> list[ColumnElement[bool]]:
    email, phone = values.get("email"), values.get("phone")
    number = phone and phone_e164(phone, country)
    keys = {row.email_key: email and email_key(email), row.phone_e164: number}
    same = [column == key for column, key in keys.items() if key]
    if phone and not number and (digits := phone_digits(phone)):
        written = func.regexp_replace(row.phone, r"\D", "", "g")
        same.append(row.phone_e164.is_(None) & (written == digits))
    return same


async def _unlinked(session: AsyncSession, row: Any, same: list[ColumnElement[bool]]) -> bool:
    unlinked = (row.canonical_id.is_(None), row.archived_at.is_(None))
    return bool(same) and bool(await session.scalar(select(exists().where(*unlinked, or_(*same)))))


def _tax_id_keys(values: Mapping[str, Any]) -> set[str]:
    entities = [value for group, value in values.items() if group.startswith("legal:") and value]
    keys = {tax_id_key(e["tax_id"], e["country"]) for e in entities if e.get("tax_id") and e.get("country")}
    return {key for key in keys if key}
