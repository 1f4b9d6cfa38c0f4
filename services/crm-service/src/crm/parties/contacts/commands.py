"""Every use case that changes a contact. Each holds the row's lock, and announces what changed in its transaction."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from chassis import replication
from chassis.errors import NotFound
from chassis.patch import patched
from chassis.replication import edit
from sqlalchemy.ext.asyncio import AsyncSession

from crm.parties.contacts import queries
from crm.parties.contacts.events import CONTACT
from crm.parties.contacts.models import Contact
from crm.parties.contacts.schemas import ContactBody, ContactOut
from crm.parties.customers import queries as customers
from crm.parties.customers.models import NoSuchCustomer

Check = Callable[[Contact], None]


async def create(session: AsyncSession, body: ContactBody, actor: str) -> Contact:
    """Enter a new contact. Raise `NoSuchCustomer`."""
    await replication.creating(session, CONTACT)
    row = Contact.blank()
    await _change(session, row, body, {})
    replication.created(session, CONTACT, row, actor)
    await session.flush()
    return row


async def change(session: AsyncSession, contact_id: UUID, patch: Mapping[str, Any], actor: str, seen: Check) -> Contact:
    """Apply a merge patch to the contact that the caller has `seen`. Nothing changed: the same version, no event.

    Raise `NotFound`, `Archived`, `Malformed`, `NoSuchCustomer`, and whatever `seen` raises.
    """
    row = await queries.for_update(session, contact_id)
    seen(row)
    present = written(row)
    with edit(session, CONTACT, row, actor):
        await _change(session, row, patched(ContactBody, present, patch), present)
    await session.flush()
    return row


async def archive(session: AsyncSession, contact_id: UUID, actor: str, seen: Check) -> Contact:
    """Take a contact out of use, in all systems; its history stays."""
    row = await queries.for_update(session, contact_id)
    seen(row)
    replication.archive(session, CONTACT, row, actor)
    await session.flush()
    return row


async def restore(session: AsyncSession, contact_id: UUID, actor: str) -> Contact:
    """Take an archived contact into use again."""
    row = await queries.for_update(session, contact_id)
    replication.restore(session, CONTACT, row, actor)
    await session.flush()
    return row


def written(row: Contact) -> dict[str, Any]:
    """The contact as a client would have written it: what a merge patch starts from."""
    return ContactOut.of(row).model_dump(mode="json", include=set(ContactBody.model_fields))


async def _change(session: AsyncSession, row: Contact, body: ContactBody, present: Mapping[str, Any]) -> None:
    values = body.model_dump(mode="json")
    changed = {field: value for field, value in values.items() if field not in present or present[field] != value}
    if changed.get("customer_id"):
        await _customer_exists(session, UUID(changed["customer_id"]))
    row.change(changed)


async def _customer_exists(session: AsyncSession, customer_id: UUID) -> None:
    try:
        await customers.by_id(session, customer_id)
    except NotFound:
        raise NoSuchCustomer(customer_id=customer_id) from None
