"""Named reads of contacts."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from chassis.errors import NotFound
from chassis.pages import Sorting
from contracts.normalise import email_key, name_key, phone_e164
from sqlalchemy import Select, exists, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from crm.parties.contacts.models import Contact
from crm.parties.contacts.schemas import ContactFilters

ORDERS = Sorting(
    {"name": Contact.name, "created_at": Contact.created_at, "updated_at": Contact.updated_at}, Contact.id, "name"
)


async def by_id(session: AsyncSession, contact_id: UUID) -> Contact:
    """One contact, archived or not. Raise `NotFound`."""
    return await _one(session, select(Contact).where(Contact.id == contact_id), contact_id)


async def for_update(session: AsyncSession, contact_id: UUID) -> Contact:
    """One contact, locked until the transaction ends. Raise `NotFound`."""
    return await _one(session, _locked().where(Contact.id == contact_id), contact_id)


async def rows(session: AsyncSession, ids: Sequence[UUID], canonical_ids: Sequence[UUID]) -> Sequence[Contact]:
    """Contacts by local or shared id, locked in the order of their ids so that two batches never wait in a ring."""
    either = or_(Contact.id.in_(ids), Contact.canonical_id.in_(canonical_ids))
    return (await session.scalars(_locked().where(either).order_by(Contact.id))).all()


async def twin(session: AsyncSession, values: Mapping[str, Any]) -> bool:
    """Whether a contact that no other system knows yet has the same e-mail or phone."""
    email, phone = values.get("email"), values.get("phone")
    keys = {Contact.email_key: email and email_key(email), Contact.phone_e164: phone and phone_e164(phone, None)}
    same = [column == key for column, key in keys.items() if key]
    unlinked = (Contact.canonical_id.is_(None), Contact.archived_at.is_(None))
    return bool(same) and bool(await session.scalar(select(exists().where(*unlinked, or_(*same)))))


def search(filters: ContactFilters) -> Select[Contact]:
    """The contacts that every filter takes."""
    statement = select(Contact)
    for word in name_key(filters.q or "").split():
        statement = statement.where(Contact.search.contains(word, autoescape=True))
    equal = {
        Contact.canonical_id: filters.canonical_id,
        Contact.customer_id: filters.customer_id,
        Contact.email_key: filters.email and (email_key(filters.email) or filters.email),
    }
    statement = statement.where(*(column == value for column, value in equal.items() if value is not None))
    if filters.updated_since is not None:
        statement = statement.where(Contact.updated_at >= filters.updated_since)
    if filters.archived != "any":
        archived = Contact.archived_at.is_not(None)
        statement = statement.where(archived if filters.archived == "true" else ~archived)
    return statement


def _locked() -> Select[Contact]:
    return select(Contact).with_for_update().execution_options(populate_existing=True)


async def _one(session: AsyncSession, statement: Select[Contact], contact_id: UUID) -> Contact:
    found: Contact | None = await session.scalar(statement)
    if found is None:
        raise NotFound(id=contact_id)
    return found
