"""Whom an e-mail is from, and which conversation it belongs to."""

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID

from chassis import clock
from chassis.db import uuid7
from contracts.normalise import email_key
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from crm.activities.mail.models import Email
from crm.parties.contacts.models import Contact
from crm.parties.customers.models import Customer
from crm.sales.deals.models import Deal
from crm.sales.leads.models import Lead

SAME_SUBJECT = timedelta(days=90)
"""How long an e-mail with the same subject and the same partner belongs to a conversation that it does not name."""

ONE_AT_A_TIME = text(
    "select pg_advisory_xact_lock(hashtextextended('mail:' || current_setting('app.tenant') || cast(:name as text), 0))"
)


class Parties(NamedTuple):
    """What an e-mail is about."""

    customer_id: UUID | None = None
    contact_id: UUID | None = None
    deal_id: UUID | None = None
    lead_id: UUID | None = None


async def parties_of(session: AsyncSession, addresses: Sequence[str]) -> Parties:
    """The contact with one of these addresses and the contact's customer, else the customer, else the lead; and the
    customer's deal, if exactly one is open."""
    keys = [key for each in addresses if (key := email_key(each))]
    contact = await _first(session, select(Contact.id, Contact.customer_id), Contact, keys)
    if contact is not None:
        return Parties(contact.customer_id, contact.id, await _open_deal(session, contact.customer_id))
    customer = await _first(session, select(Customer.id), Customer, keys)
    if customer is not None:
        return Parties(customer.id, None, await _open_deal(session, customer.id))
    lead = await _first(session, select(Lead.id), Lead, keys)
    return Parties(lead_id=lead.id) if lead is not None else Parties()


async def _first(session: AsyncSession, wanted: Any, table: Any, keys: Collection[str]) -> Any:
    found = wanted.where(table.email_key.in_(keys), table.archived_at.is_(None)).order_by(table.created_at, table.id)
    return (await session.execute(found.limit(1))).first() if keys else None


async def _open_deal(session: AsyncSession, customer_id: UUID | None) -> UUID | None:
    if customer_id is None:
        return None
    open_ = select(Deal.id).where(Deal.customer_id == customer_id, Deal.state == "open").limit(2)
    found = (await session.scalars(open_)).all()
    return found[0] if len(found) == 1 else None


async def thread_of(
    session: AsyncSession, references: Collection[str], party: str | None, subject: str
) -> tuple[UUID, Email | None]:
    """The thread of the e-mails that are referred to, or of one with the same partner and subject; or a new one.

    With the newest e-mail of that thread.
    """
    if references:
        named = select(Email).where(Email.message_id.in_(references)).order_by(Email.created_at.desc()).limit(1)
        if (found := await session.scalar(named)) is not None:
            return found.thread_id, found
    if party and subject:
        since = clock.now() - SAME_SUBJECT
        alike = select(Email).where(Email.party_email == party, Email.subject_key == subject, Email.created_at >= since)
        if (found := await session.scalar(alike.order_by(Email.created_at.desc()).limit(1))) is not None:
            return found.thread_id, found
    return uuid7(), None


async def without_consent(session: AsyncSession, addresses: Sequence[str]) -> list[str]:
    """The addresses of which neither a contact nor a lead has consented to e-mails."""
    keys = {each: email_key(each) for each in addresses}
    agreed: set[str | None] = set()
    for table in (Contact, Lead):
        consented = table.consent["email"].as_boolean()
        found = select(table.email_key).where(
            table.email_key.in_(keys.values()), table.archived_at.is_(None), consented
        )
        agreed.update(await session.scalars(found))
    return [each for each, key in keys.items() if key not in agreed]
