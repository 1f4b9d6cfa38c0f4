"""Every use case that changes a contact. Each holds the row's lock, and announces what changed in its transaction."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from chassis import replication
from chassis.errors import NotFound
from chassis.patch import patched
from chassis.replication import edit, refuse_kept_by
from sqlalchemy.ext.asyncio import AsyncSession

from erp.parties.contacts import queries
from erp.parties.contacts.events import CONTACT
from erp.parties.contacts.models import Contact
from erp.parties.contacts.schemas import ContactBody, ContactOut
from erp.parties.customers import queries as customers
from erp.parties.customers.models import NoSuchCustomer

Check = Callable[[Contact], None]
KEPT_BY_CRM = ("consent",)


async def create(session: AsyncSession, body: ContactBody, actor: str) -> Contact:
    """Enter a new contact. Raise `NoSuchCustomer`, and `OwnedElsewhere` for a consent."""
    await replication.creating(session, CONTACT)
    row = Contact.blank()
    await _change(session, row, body, {})
    replication.created(session, CONTACT, row, actor)
    await session.flush()
    return row


async def change(session: AsyncSession, contact_id: UUID, patch: Mapping[str, Any], actor: str, seen: Check) -> Contact:
    """Apply a merge patch to the contact that the caller has `seen`. Nothing changed: the same version, no event.

    Raise `NotFound`, `Archived`, `Malformed`, `NoSuchCustomer`, `OwnedElsewhere`, and whatever `seen` raises.
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
    refuse_kept_by("crm", KEPT_BY_CRM, present, values)
    changed = {field: value for field, value in values.items() if field not in present or present[field] != value}
    if changed.get("customer_id"):
        await _customer_exists(session, UUID(changed["customer_id"]))
    row.change(changed)


async def _customer_exists(session: AsyncSession, customer_id: UUID) -> None:
    try:
        await customers.by_id(session, customer_id)
    except NotFound:
        raise NoSuchCustomer(customer_id=customer_id) from None
