"""The declarations of message channels and text messages."""

from records import Record

from crm.activities.mail.records import sealed_secret
from crm.activities.messages.models import MessageChannel, TextMessage
from crm.activities.messages.rules import TextMessageState
from crm.activities.messages.schemas import (
    MessageChannelBody,
    MessageChannelFilters,
    MessageChannelOut,
    TextMessageBody,
    TextMessageFilters,
    TextMessageOut,
)
from crm.parties.contacts.records import CONTACTS
from crm.parties.customers.records import CUSTOMERS
from crm.sales.leads.records import LEADS

CHANNELS = Record(
    "message_channel",
    scope="messages",
    row=MessageChannel,
    body=MessageChannelBody,
    out=MessageChannelOut,
    filters=MessageChannelFilters,
    sort=("name", "created_at", "updated_at"),
    verbs=("create", "list", "read", "change", "archive", "restore"),
    prepare=sealed_secret,
)
MESSAGES = Record(
    "text_message",
    scope="messages",
    row=TextMessage,
    body=TextMessageBody,
    out=TextMessageOut,
    filters=TextMessageFilters,
    sort=("created_at", "updated_at"),
    order="-created_at",
    verbs=("create", "list", "read"),
    refers={"channel_id": CHANNELS, "customer_id": CUSTOMERS, "contact_id": CONTACTS, "lead_id": LEADS},
    allows=lambda row: ("send",) if row.state == TextMessageState.FAILED else (),
    actions={"send": ()},
    personal=True,
)
