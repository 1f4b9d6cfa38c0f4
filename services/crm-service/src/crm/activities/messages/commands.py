"""Commands on text messages."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from activities.schemas import InteractionBody
from chassis import clock
from chassis.db import uuid7
from chassis.wakeup import notify
from contracts.activity import Channel
from contracts.normalise import phone_e164
from records import reads, writes
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from crm.activities.interactions.records import INTERACTIONS
from crm.activities.messages.models import (
    ChannelOff,
    MessageChannel,
    NoNumber,
    SmsConsentMissing,
    TextMessage,
    TextMessageNotQueued,
)
from crm.activities.messages.records import CHANNELS, MESSAGES
from crm.activities.messages.rules import Medium, TextMessageState
from crm.activities.messages.schemas import ReceivedTextMessage, TextMessageBody
from crm.parties.contacts.models import Contact
from crm.parties.contacts.records import CONTACTS
from crm.parties.customers.models import Customer
from crm.parties.customers.records import CUSTOMERS
from crm.sales.leads.models import Lead
from crm.sales.leads.records import LEADS

SUBJECT_LENGTH = 80
ONE_AT_A_TIME = text(
    "select pg_advisory_xact_lock(hashtextextended('sms:' || current_setting('app.tenant') || cast(:name as text), 0))"
)
PARTIES: Mapping[str, tuple[Any, Any]] = {
    "contact_id": (Contact, CONTACTS),
    "customer_id": (Customer, CUSTOMERS),
    "lead_id": (Lead, LEADS),
}


async def queue(session: AsyncSession, body: TextMessageBody, actor: str) -> TextMessage:
    """Queue a message; the worker sends it after this transaction.

    Raises `ReferenceUnknown`, `ChannelOff`, `NoNumber`, `SmsConsentMissing`.
    """
    channel = await reads.referred(session, CHANNELS, body.channel_id, "channel_id")
    if not channel.usable:
        raise ChannelOff()
    named = {field: getattr(body, field) for field in PARTIES if getattr(body, field) is not None}
    people = [await reads.referred(session, PARTIES[field][1], row_id, field) for field, row_id in named.items()]
    party = _party(channel, body.to or next((each.phone_e164 for each in people if each.phone_e164), None))
    found = named or await parties_of(session, party)
    row = _row(channel, "out", party, body.text, found, actor)
    row.marketing = body.marketing
    if row.marketing and not await _has_consent(session, row):
        raise SmsConsentMissing()
    row.queue()
    session.add(row)
    await session.flush()
    await notify(session)
    return row


async def send_again(session: AsyncSession, message_id: UUID) -> TextMessage:
    """Queue a message that has failed. Raises `NotFound`, `TextMessageNotQueued`."""
    row = await reads.by_id(session, MESSAGES, message_id, lock=True)
    if row.state != TextMessageState.FAILED:
        raise TextMessageNotQueued(state=row.state, allowed=[])
    row.queue()
    row.count_on()
    await session.flush()
    await notify(session)
    return row


async def receive(session: AsyncSession, body: ReceivedTextMessage, actor: str) -> TextMessage:
    """Store a message that arrived; one with a known id of its channel is that which is stored.

    It belongs to the contact, the customer or the lead with that number, or with whom the last message of this party
    was exchanged.
    """
    channel = await reads.referred(session, CHANNELS, body.channel_id, "channel_id")
    await session.execute(ONE_AT_A_TIME, {"name": f"{channel.id}:{body.external_id}"})
    stored = select(TextMessage).where(
        TextMessage.channel_id == channel.id, TextMessage.external_id == body.external_id
    )
    if (known := await session.scalar(stored)) is not None:
        return known
    party = _number(channel, body.sender) or body.sender
    row = _row(channel, "in", party, body.text, await parties_of(session, party), actor)
    row.state, row.external_id, row.sent_at = TextMessageState.RECEIVED, body.external_id, body.sent_at or clock.now()
    session.add(row)
    await session.flush()
    await enter(session, row, channel, actor)
    return row


async def enter(session: AsyncSession, row: TextMessage, channel: MessageChannel, actor: str) -> None:
    """Enter a message in the history of the contact or the customer, if that is known."""
    if row.customer_id is None and row.contact_id is None:
        return
    body = InteractionBody(
        channel=Channel.SMS if channel.medium == Medium.SMS else Channel.MESSAGE,
        subject=" ".join(row.text.split())[:SUBJECT_LENGTH].strip() or channel.name,
        text=row.text,
        started_at=row.sent_at or clock.now(),
        customer_id=row.customer_id,
        contact_ids=[row.contact_id] if row.contact_id else [],
    )
    await writes.create(session, INTERACTIONS, body, actor)


async def parties_of(session: AsyncSession, party: str) -> dict[str, UUID]:
    """The contact with this number and the contact's customer, else the customer, else the lead; else those of the
    last message of this party. By the names of the columns."""
    for field, (table, _) in PARTIES.items():
        known = select(table).where(table.phone_e164 == party, table.archived_at.is_(None))
        found: Any = await session.scalar(known.order_by(table.created_at, table.id).limit(1))
        if found is not None:
            customer_id = found.customer_id if field == "contact_id" else None
            return {field: found.id} | ({"customer_id": customer_id} if customer_id else {})
    last = select(TextMessage).where(TextMessage.party == party).order_by(TextMessage.created_at.desc()).limit(1)
    before = await session.scalar(last)
    return {} if before is None else {field: value for field in PARTIES if (value := getattr(before, field))}


def _party(channel: MessageChannel, to: str | None) -> str:
    party = _number(channel, to) if to else None
    if party is None:
        raise NoNumber(party=to or "", field="to")
    return party


def _number(channel: MessageChannel, to: str) -> str | None:
    return phone_e164(to, None) if channel.medium == Medium.SMS else to


def _row(
    channel: MessageChannel, direction: str, party: str, content: str, found: dict[str, UUID], actor: str
) -> TextMessage:
    return TextMessage(
        id=uuid7(),
        channel_id=channel.id,
        direction=direction,
        party=party,
        text=content,
        marketing=False,
        attempts=0,
        created_by=actor,
        **found,
    )


async def _has_consent(session: AsyncSession, row: TextMessage) -> bool:
    """Whether the contact or the lead has consented to SMS."""
    for field in ("contact_id", "lead_id"):
        row_id, table = getattr(row, field), PARTIES[field][0]
        if row_id and await session.scalar(select(table.consent["sms"].as_boolean()).where(table.id == row_id)):
            return True
    return False
