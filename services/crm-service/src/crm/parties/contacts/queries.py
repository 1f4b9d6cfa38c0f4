"""Named reads of contacts."""

from collections.abc import Mapping
from typing import Any

from contracts.normalise import email_key, phone_digits, phone_e164
from sqlalchemy import exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from crm.parties.contacts.models import Contact


async def twin(session: AsyncSession, values: Mapping[str, Any]) -> bool:
    """Whether a contact that no other system knows yet has the same e-mail or phone."""
    email, phone = values.get("email"), values.get("phone")
    number = phone and phone_e164(phone, None)
    keys = {Contact.email_key: email and email_key(email), Contact.phone_e164: number}
    same = [column == key for column, key in keys.items() if key]
    if phone and not number and (digits := phone_digits(phone)):
        written = func.regexp_replace(Contact.phone, r"\D", "", "g")
        same.append(Contact.phone_e164.is_(None) & (written == digits))
    unlinked = (Contact.canonical_id.is_(None), Contact.archived_at.is_(None))
    return bool(same) and bool(await session.scalar(select(exists().where(*unlinked, or_(*same)))))
