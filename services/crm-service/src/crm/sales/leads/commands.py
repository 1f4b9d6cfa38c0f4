"""Commands on leads; each holds the row's lock."""

from typing import Any
from uuid import UUID

from chassis.announced import announcing
from chassis.auth import Principal
from chassis.errors import Conflict
from contracts.customer import PartyKind
from records import reads, writes
from sqlalchemy.ext.asyncio import AsyncSession

from crm.parties.contacts.records import CONTACTS
from crm.parties.contacts.schemas import ContactBody
from crm.parties.customers.records import CUSTOMERS
from crm.parties.customers.schemas import CustomerBody
from crm.sales.deals.records import DEALS
from crm.sales.deals.schemas import NewDeal
from crm.sales.leads import queries
from crm.sales.leads.checks import LeadClosed, owner_by_rules
from crm.sales.leads.duplicates import refuse_known
from crm.sales.leads.events import LEAD
from crm.sales.leads.models import Lead
from crm.sales.leads.records import LEADS
from crm.sales.leads.rules import AFTER, ALLOWED
from crm.sales.leads.schemas import Convert


class UnknownDisqualification(Conflict):
    code = "unknown-disqualification"
    title = "The rules of leads have no such reason"
    detail = "{reason} is not one of the reasons: {reasons}."
    hint = "Use one of the reasons listed, or declare it: PUT /v1/lead-rules."


async def move(session: AsyncSession, lead_id: UUID, verb: str, reason: str | None = None) -> Lead:
    """Change the state of a lead. Raises `NotFound`, `LeadClosed`, `UnknownDisqualification`."""
    row = await _locked(session, lead_id, verb)
    if reason is not None:
        rules, _ = await queries.rules(session)
        if reason not in rules.disqualified_reasons:
            raise UnknownDisqualification(reason=reason, reasons=list(rules.disqualified_reasons), field="reason")
    with announcing(session, LEAD, row):
        row.state, row.reason = AFTER[verb], reason
    await session.flush()
    return row


async def assign(session: AsyncSession, lead_id: UUID) -> Lead:
    """Give a lead to the employee whose turn it is by the rules. Raises `NotFound`, `LeadClosed`."""
    row = await _locked(session, lead_id, "assign")
    rules, _ = await queries.rules(session)
    owner_id = await owner_by_rules(session, rules, row)
    with announcing(session, LEAD, row):
        row.owner_id = owner_id or row.owner_id
    await session.flush()
    return row


async def convert(session: AsyncSession, lead_id: UUID, wanted: Convert, caller: Principal) -> Lead:
    """Make a customer, a contact and a deal of a lead, in this transaction; those that are named are linked instead.

    Raises `NotFound`, `LeadClosed`, `LeadKnown`, `ReferenceUnknown`, and the errors of the records that are made.
    """
    row, actor = await _locked(session, lead_id, "convert"), caller.subject
    if not wanted.allow_duplicate and wanted.customer_id is None and wanted.contact_id is None:
        await refuse_known(session, row, (CUSTOMERS, CONTACTS), caller.scopes)
    customer_id = await _customer(session, row, wanted, actor)
    contact_id = await _contact(session, row, wanted, customer_id, actor)
    deal_id = await _deal(session, row, wanted, customer_id, contact_id, actor)
    with announcing(session, LEAD, row):
        row.state = AFTER["convert"]
        row.customer_id, row.contact_id, row.deal_id = customer_id, contact_id, deal_id
    await session.flush()
    return row


async def _locked(session: AsyncSession, lead_id: UUID, verb: str) -> Lead:
    row = await reads.by_id(session, LEADS, lead_id, lock=True)
    if verb not in ALLOWED[row.state]:
        raise LeadClosed(state=row.state, allowed=ALLOWED[row.state])
    return row


async def _customer(session: AsyncSession, row: Lead, wanted: Convert, actor: str) -> UUID:
    if wanted.customer_id is not None:
        return (await reads.referred(session, CUSTOMERS, wanted.customer_id, "customer_id")).id
    body = CustomerBody(
        name=row.company or row.name,
        kind=PartyKind.COMPANY if row.company else PartyKind.PERSON,
        stage=wanted.stage,
        email=row.email,
        phone=row.phone,
        language=row.language,
        source=row.source,
        owner_id=row.owner_id,
        **_address(row),
    )
    return (await writes.create(session, CUSTOMERS, body, actor)).id


def _address(row: Lead) -> dict[str, Any]:
    return {"billing_address": {"lines": [], "country": row.country}} if row.country else {}


async def _contact(session: AsyncSession, row: Lead, wanted: Convert, customer_id: UUID, actor: str) -> UUID | None:
    if wanted.contact_id is not None:
        return (await reads.referred(session, CONTACTS, wanted.contact_id, "contact_id")).id
    if not row.company:
        return None
    body = ContactBody(customer_id=customer_id, name=row.name, email=row.email, phone=row.phone, consent=row.consent)
    return (await writes.create(session, CONTACTS, body, actor)).id


async def _deal(
    session: AsyncSession, row: Lead, wanted: Convert, customer_id: UUID, contact_id: UUID | None, actor: str
) -> UUID | None:
    if wanted.deal is None:
        return None
    body = NewDeal(
        name=wanted.deal.name or row.company or row.name,
        customer_id=customer_id,
        contact_id=contact_id,
        amount=wanted.deal.amount,
        currency=wanted.deal.currency,
        source=row.source,
        owner_id=row.owner_id,
        notes=row.interest,
    )
    return (await writes.create(session, DEALS, body, actor)).id
