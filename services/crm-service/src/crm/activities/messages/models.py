"""The tables of message channels and text messages."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from chassis import clock
from chassis.db import JsonObject, unique
from chassis.errors import Conflict
from chassis.versioned import Versioned
from custom_fields.columns import OwnFields
from records import Plain
from sqlalchemy import ForeignKeyConstraint, Index, LargeBinary, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from crm.activities.messages.rules import TextMessageState, pause
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


class MessageChannel(OwnFields, Plain, Base):
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
    sealed_secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    enabled: Mapped[bool]
    trouble: Mapped[str | None] = mapped_column(Text)

    @classmethod
    def blank(cls) -> Self:
        """A new channel."""
        return cls(sealed_secret=None, trouble=None)

    @property
    def has_secret(self) -> bool:
        """Whether a secret is stored."""
        return self.sealed_secret is not None

    def change(self, values: Mapping[str, Any]) -> None:
        """Set fields from validated values; the secret is sealed elsewhere."""
        super().change({name: value for name, value in values.items() if name != "secret"})

    @property
    def about(self) -> str:
        """What its secret is sealed with."""
        return f"message_channel:{self.id}"

    @property
    def usable(self) -> bool:
        """Whether messages go out."""
        return self.enabled and self.archived_at is None


class TextMessage(Versioned, Base):
    """A message that goes out or came in."""

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
    state: Mapped[str] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(Text)
    party: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    marketing: Mapped[bool]
    external_id: Mapped[str | None] = mapped_column(Text)
    customer_id: Mapped[UUID | None]
    contact_id: Mapped[UUID | None]
    lead_id: Mapped[UUID | None]
    sent_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime | None]
    created_by: Mapped[str] = mapped_column(Text)

    def queue(self) -> None:
        """Send it, or send it again."""
        self.state, self.due_at, self.attempts, self.reason = TextMessageState.QUEUED, clock.now(), 0, None

    def sent(self, now: datetime) -> None:
        """The gateway has taken it."""
        self.state, self.sent_at, self.due_at, self.reason = TextMessageState.SENT, now, None, None
        self.count_on()

    def refused(self, reason: str, now: datetime, *, permanent: bool) -> None:
        """The gateway has not taken it; it is tried again after a pause, unless that is of no use."""
        self.attempts += 1
        again = None if permanent else pause(self.attempts)
        self.reason = reason
        self.state = TextMessageState.QUEUED if again else TextMessageState.FAILED
        self.due_at = now + again if again else None
        self.count_on()
