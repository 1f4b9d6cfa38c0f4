"""Commands on e-mails."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from uuid import UUID

import mail
import nh3
from activities.schemas import InteractionBody
from chassis import clock
from chassis.db import Sessions, transaction, uuid7
from chassis.wakeup import notify
from contracts.activity import Channel
from contracts.normalise import email_key
from files import commands as files
from files import objects
from files.settings import FileSettings
from files.storage import storage
from mail.message import MOST_REFERENCES
from records import reads, writes
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from crm.activities.interactions.records import INTERACTIONS
from crm.activities.mail import queries
from crm.activities.mail.models import (
    ConsentMissing,
    Email,
    FilesTooLarge,
    Mailbox,
    MailboxOff,
    NotQueued,
    PlaceholdersEmpty,
    SenderKnown,
)
from crm.activities.mail.queries import Parties
from crm.activities.mail.records import EMAILS, MAILBOXES, TEMPLATES
from crm.activities.mail.rules import (
    PERSONAL_RECIPIENTS,
    PLACEHOLDERS,
    SENDABLE,
    EmailState,
    MailDirection,
    filled,
    placeholders,
    subject_key,
)
from crm.activities.mail.schemas import EmailBody
from crm.parties.contacts.records import CONTACTS
from crm.parties.customers.records import CUSTOMERS
from crm.people.employees.records import EMPLOYEES
from crm.sales.deals.records import DEALS
from crm.sales.leads.records import LEADS
from crm.sales.leads.schemas import LeadBody
from crm.sales.quotes.paper import quote_pdf
from crm.sales.quotes.records import QUOTES

MOST_INTERACTION_TEXT = 10_000
PDF_TYPE = "application/pdf"
FILES = "files"
"""Where a session of a request has the place of files."""

NO_SUBJECT = "(no subject)"
SYSTEM = "crm"


@dataclass(frozen=True)
class FilePlace:
    """Where files are stored: sessions of their own while they are, and the settings."""

    sessions: Sessions
    settings: FileSettings


async def queue(session: AsyncSession, body: EmailBody, actor: str) -> Email:
    """Queue an e-mail; the worker sends it after this transaction.

    Raises `ReferenceUnknown`, `MailboxOff`, `ConsentMissing`, `PlaceholdersEmpty`, and what files raise.
    """
    mailbox = await reads.referred(session, MAILBOXES, body.mailbox_id, "mailbox_id")
    _must_send(mailbox)
    parties = await _parties(session, body)
    answered = await reads.by_id(session, EMAILS, body.reply_to_id) if body.reply_to_id else None
    subject, text, html, marketing = await _texts(session, body, mailbox, parties)
    row = _outgoing(body, mailbox, parties, answered, actor)
    row.entitle(subject)
    row.text = f"{text}\n\n-- \n{mailbox.signature}" if mailbox.signature else text
    row.html, row.marketing = html and nh3.clean(html), marketing or len(row.addressees) > PERSONAL_RECIPIENTS
    await _must_consent(session, row)
    if not body.draft:
        row.queue()
    session.add(row)
    await session.flush()
    if body.quote_id is not None:
        await reads.referred(session, QUOTES, body.quote_id, "quote_id")
        found = await quote_pdf(session, body.quote_id)
        await _attach(session, session.info[FILES], row, mail.Attachment(found.name, PDF_TYPE, found.content))
    await notify(session)
    return row


async def send(session: AsyncSession, email_id: UUID, most_bytes: int) -> Email:
    """Queue a draft, or an e-mail that has failed or bounced.

    Raises `NotFound`, `NotQueued`, `MailboxOff`, `ConsentMissing`, `FilesTooLarge`.
    """
    row = await reads.by_id(session, EMAILS, email_id, lock=True)
    if row.state not in SENDABLE:
        raise NotQueued(state=row.state, allowed=list(EMAILS.allows(row)) if EMAILS.allows else [])
    _must_send(await reads.referred(session, MAILBOXES, row.mailbox_id, "mailbox_id"))
    await _must_consent(session, row)
    attached = await files.files_of(session, EMAILS, row.id)
    if sum(each.size_bytes for each in await session.scalars(attached)) > most_bytes:
        raise FilesTooLarge(most_bytes=most_bytes)
    row.queue()
    row.count_on()
    await session.flush()
    await notify(session)
    return row


async def propose(session: AsyncSession, email_id: UUID, actor: str) -> Email:
    """Make a lead of the unknown sender of an e-mail. Raises `NotFound`, `SenderKnown`."""
    row = await reads.by_id(session, EMAILS, email_id, lock=True)
    if row.direction != MailDirection.IN or row.contact_id or row.customer_id or row.lead_id:
        raise SenderKnown(state=row.state, allowed=list(EMAILS.allows(row)) if EMAILS.allows else [])
    body = LeadBody(
        name=row.sender.get("name") or row.sender["email"],
        email=row.sender["email"],
        source="E-mail",
        interest=row.text[:MOST_INTERACTION_TEXT],
    )
    row.lead_id = (await writes.create(session, LEADS, body, actor)).id
    row.count_on()
    await session.flush()
    return row


async def receive(session: AsyncSession, mailbox: Mailbox, found: mail.Parsed, actor: str) -> tuple[Email, bool]:
    """Store a message that arrived, and whether it is new: one with a known Message-ID is that which is stored.

    It belongs to the conversation that it names, and to the contact or customer whose address has sent it. A bounce
    marks the e-mail that did not arrive.
    """
    await session.execute(queries.ONE_AT_A_TIME, {"name": found.message_id})
    stored = select(Email).where(
        Email.mailbox_id == mailbox.id, Email.message_id == found.message_id, Email.direction == MailDirection.IN
    )
    if (known := await session.scalar(stored)) is not None:
        return known, False
    row = await _incoming(session, mailbox, found, actor)
    session.add(row)
    await session.flush()
    if found.bounce is not None:
        await _mark_bounced(session, found.bounce)
    elif not found.automatic:
        await enter(session, row, mailbox, actor)
    return row, True


async def attach(session: AsyncSession, place: FilePlace, row: Email, found: mail.Parsed) -> None:
    """Store the files of a message with its e-mail, as many as a record may have. Raises what files raise."""
    for each in found.attachments[: place.settings.files_per_record]:
        await _attach(session, place, row, each)


async def attachments(place: FilePlace, tenant: UUID, row: Email) -> list[mail.Attachment]:
    """The files of an e-mail with their contents, which are read after the transaction. Raises `ContentLost`,
    `StorageAway`."""
    async with transaction(place.sessions, tenant) as session:
        attached = (await session.scalars(await files.files_of(session, EMAILS, row.id))).all()
    found = []
    for each in sorted(attached, key=lambda each: each.created_at):
        pieces = await storage(place.settings.files_url).open(each.object_key, 0, each.size_bytes)
        found.append(mail.Attachment(each.name, each.media_type, b"".join([piece async for piece in pieces])))
    return found


async def _attach(session: AsyncSession, place: FilePlace, row: Email, file: mail.Attachment) -> None:
    settings = place.settings
    stored = await objects.store(
        place.sessions,
        storage(settings.files_url),
        SYSTEM,
        session.info["tenant"],
        _pieces(file.content),
        settings.file_limit_bytes,
    )
    await files.attach(session, EMAILS, row.id, file.name, file.media_type, stored, settings, row.created_by)


async def _pieces(content: bytes) -> AsyncIterator[bytes]:
    yield content


async def enter(session: AsyncSession, row: Email, mailbox: Mailbox, actor: str) -> None:
    """Enter an e-mail in the history of whom it is about, if that is known."""
    if row.customer_id is None and row.contact_id is None:
        return
    body = InteractionBody(
        channel=Channel.EMAIL_IN if row.direction == MailDirection.IN else Channel.EMAIL_OUT,
        subject=row.subject[:200].strip() or NO_SUBJECT,
        text=row.text[:MOST_INTERACTION_TEXT],
        started_at=row.sent_at or clock.now(),
        customer_id=row.customer_id,
        contact_ids=[row.contact_id] if row.contact_id else [],
        employee_ids=[mailbox.owner_id] if mailbox.owner_id else [],
    )
    await writes.create(session, INTERACTIONS, body, actor)


def unreadable(mailbox: Mailbox, name: str, reason: str) -> Email:
    """What is stored of a message that cannot be: where it is, and why."""
    row = _row(
        mailbox, MailDirection.IN, EmailState.UNREADABLE, f"<{name}@{mailbox.id}.invalid>", f"mailbox:{mailbox.id}"
    )
    row.sender, row.recipients, row.copies = {"email": mailbox.email, "name": None}, [], []
    row.entitle(NO_SUBJECT)
    row.text, row.reason = "", reason
    return row


def _must_send(mailbox: Mailbox) -> None:
    if not mailbox.enabled or mailbox.archived_at or mailbox.smtp is None:
        raise MailboxOff()


async def _must_consent(session: AsyncSession, row: Email) -> None:
    if row.marketing and (missing := await queries.without_consent(session, row.addressees)):
        raise ConsentMissing(addresses=", ".join(missing))


async def _parties(session: AsyncSession, body: EmailBody) -> Parties:
    """Those that are named, else those whose address it is; names must exist."""
    for record, field in ((CUSTOMERS, "customer_id"), (CONTACTS, "contact_id"), (DEALS, "deal_id")):
        if (row_id := getattr(body, field)) is not None:
            await reads.referred(session, record, row_id, field)
    if body.customer_id or body.contact_id or body.deal_id:
        return Parties(body.customer_id, body.contact_id, body.deal_id)
    return await queries.parties_of(session, [each.email for each in body.to])


async def _texts(
    session: AsyncSession, body: EmailBody, mailbox: Mailbox, parties: Parties
) -> tuple[str, str, str | None, bool]:
    if body.template_id is None:
        return body.subject or "", body.text, body.html, body.marketing
    template = await reads.referred(session, TEMPLATES, body.template_id, "template_id")
    texts = (template.subject, template.text, template.html or "")
    wanted = dict.fromkeys(name for each in texts for name in placeholders(each))
    known = await _values(session, mailbox, parties) if set(wanted) & set(PLACEHOLDERS) else {}
    values = {**known, **{name: value for name, value in body.values.items() if name in template.fields}}
    if missing := [name for name in wanted if not values.get(name)]:
        raise PlaceholdersEmpty(missing=", ".join(missing))
    subject = " ".join(filled(template.subject, values).split())[:200]
    html = filled(template.html, values, as_html=True) if template.html else None
    return body.subject or subject, filled(template.text, values), html, body.marketing or template.marketing


async def _values(session: AsyncSession, mailbox: Mailbox, parties: Parties) -> dict[str, str]:
    found: dict[str, str | None] = {"mailbox_name": mailbox.name, "mailbox_email": mailbox.email}
    named = (
        (CONTACTS, parties.contact_id, {"contact_name": "name"}),
        (CUSTOMERS, parties.customer_id, {"customer_name": "name", "customer_number": "number"}),
        (DEALS, parties.deal_id, {"deal_name": "name"}),
        (EMPLOYEES, mailbox.owner_id, {"employee_name": "name", "employee_phone": "phone"}),
    )
    for record, row_id, fields in named:
        row = (await reads.by_ids(session, record, [row_id])).get(row_id) if row_id else None
        found |= {name: getattr(row, field, None) for name, field in fields.items()}
    return {name: str(value) for name, value in found.items() if value}


def _row(mailbox: Mailbox, direction: MailDirection, state: EmailState, message_id: str, actor: str) -> Email:
    return Email(
        id=uuid7(),
        mailbox_id=mailbox.id,
        direction=direction,
        state=state,
        message_id=message_id,
        message_references=[],
        thread_id=uuid7(),
        marketing=False,
        attempts=0,
        created_by=actor,
    )


def _outgoing(body: EmailBody, mailbox: Mailbox, parties: Parties, answered: Email | None, actor: str) -> Email:
    row = _row(mailbox, MailDirection.OUT, EmailState.DRAFT, mail.new_message_id(mailbox.email), actor)
    row.sender = {"email": mailbox.email, "name": mailbox.name}
    row.recipients = [each.model_dump(mode="json") for each in body.to]
    row.copies = [each.model_dump(mode="json") for each in body.cc]
    row.party_email = email_key(body.to[0].email)
    row.customer_id, row.contact_id, row.deal_id, row.lead_id = parties
    if answered is not None:
        row.in_reply_to, row.thread_id = answered.message_id, answered.thread_id
        row.message_references = [*answered.message_references, answered.message_id][-MOST_REFERENCES:]
    return row


async def _incoming(session: AsyncSession, mailbox: Mailbox, found: mail.Parsed, actor: str) -> Email:
    row = _row(mailbox, MailDirection.IN, EmailState.RECEIVED, found.message_id, actor)
    row.sender, row.recipients, row.copies = _people([found.sender])[0], _people(found.to), _people(found.cc)
    row.party_email = email_key(found.sender.email)
    row.entitle(found.subject)
    row.text, row.html, row.sent_at = found.text, found.html, found.sent_at
    row.in_reply_to, row.message_references = found.in_reply_to, list(found.references)
    returned = [found.bounce.message_id] if found.bounce and found.bounce.message_id else []
    party = None if found.bounce else row.party_email
    row.thread_id, before = await queries.thread_of(
        session, [*returned, *found.references], party, subject_key(found.subject)
    )
    parties = Parties() if found.bounce else await queries.parties_of(session, [found.sender.email])
    if before is not None and not any(parties):
        parties = Parties(before.customer_id, before.contact_id, before.deal_id, before.lead_id)
    row.customer_id, row.contact_id, row.deal_id, row.lead_id = parties
    return row


def _people(addresses: Sequence[mail.Address]) -> list[dict[str, str | None]]:
    return [{"email": each.email, "name": each.name or None} for each in addresses]


async def _mark_bounced(session: AsyncSession, bounce: mail.Bounce) -> None:
    sent = select(Email).where(Email.message_id == bounce.message_id, Email.direction == MailDirection.OUT)
    row = await session.scalar(sent.with_for_update())
    if row is not None and row.state in (EmailState.SENT, EmailState.SENDING):
        row.bounced(f"{bounce.recipient}: {bounce.reason}")
        await session.flush()
