"""The tables of message channels and text messages."""

from typing import Self
from uuid import UUID

from chassis.db import JsonObject, unique
from chassis.errors import Conflict
from custom_fields.columns import OwnFields
from records import Plain
from sqlalchemy import ForeignKeyConstraint, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from crm.activities.mail.models import Outgoing, WithSecret
from crm.activities.messages.rules import PAUSES
from crm.tables import Base

DUE = text("state in ('queued', 'sending')")
PARTS = {
    "channel_id": "message_channels",
    "customer_id": "customers",
    "contact_id": "contacts",
    "lead_id": "leads",
}


class ChannelOff(Conflict):
    code = "message-channel-off"
    title = "The channel is off"
    hint = "Enable the channel, or use another one."


class NoNumber(Conflict):
    code = "no-number"
    title = "The message has no address"
    detail = "{party} is no telephone number with its country."
    hint = "Send `to` in the international form, +49..., or name a contact, customer or lead with such a number."


class SmsConsentMissing(Conflict):
    code = "sms-consent-missing"
    title = "The person has not agreed to receive such messages"
    hint = "Store the consent with the contact or the lead first."


class TextMessageNotQueued(Conflict):
    code = "text-message-not-queued"
    title = "The message cannot be queued again"
    hint = "Only a message that has failed is sent again."


class MessageChannel(WithSecret, OwnFields, Plain, Base):
    """A number or an account through which messages go out and come in."""

    __tablename__ = "message_channels"
    __table_args__ = (
        unique("id"),
        Index(None, "tenant_id", "name", "id"),
        Index(None, "tenant_id", "updated_at", "id"),
    )

    name: Mapped[str] = mapped_column(Text)
    medium: Mapped[str] = mapped_column(Text)
    driver: Mapped[str] = mapped_column(Text)
    sender: Mapped[str | None] = mapped_column(Text)
    gateway: Mapped[JsonObject | None] = mapped_column(JSONB(none_as_null=True))
    enabled: Mapped[bool]

    @classmethod
    def blank(cls) -> Self:
        """A new channel."""
        return cls(sealed_secret=None, trouble=None)

    @property
    def about(self) -> str:
        """What its secret is sealed with."""
        return f"message_channel:{self.id}"

    @property
    def usable(self) -> bool:
        """Whether messages go out."""
        return self.enabled and self.archived_at is None


class TextMessage(Outgoing, Base):
    """A message that goes out or came in."""

    PAUSES = PAUSES

    __tablename__ = "text_messages"
    __table_args__ = (
        *(
            ForeignKeyConstraint(["tenant_id", column], [f"{table}.tenant_id", f"{table}.id"])
            for column, table in PARTS.items()
        ),
        unique("id"),
        Index("uq_text_messages_received", "tenant_id", "channel_id", "external_id", unique=True),
        Index("ix_text_messages_due", "channel_id", "due_at", postgresql_where=DUE),
        Index(None, "tenant_id", "party", "created_at"),
        Index(None, "tenant_id", "customer_id", "created_at"),
        Index(None, "tenant_id", "contact_id"),
        Index(None, "tenant_id", "created_at", "id"),
    )

    channel_id: Mapped[UUID]
    direction: Mapped[str] = mapped_column(Text)
    party: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    marketing: Mapped[bool]
    external_id: Mapped[str | None] = mapped_column(Text)
    customer_id: Mapped[UUID | None]
    contact_id: Mapped[UUID | None]
    lead_id: Mapped[UUID | None]
    created_by: Mapped[str] = mapped_column(Text)
