"""The tables of webhooks: subscriptions, and the messages that each is to get, which are its log too."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from chassis.db import Base, unique, uuid7
from chassis.errors import Conflict, Forbidden
from chassis.retention import Expiry
from chassis.versioned import Versioned
from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, Text, func, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from webhooks.rules import OVERLAP_HOURS

PENDING = text("state = 'pending'")


class KindNotReadable(Forbidden):
    code = "webhook-kind-not-readable"
    title = "The token may not read what the webhook sends"
    detail = "{kinds} is not readable with this token."
    hint = "A webhook is created and changed with the scopes that show its kinds: GET /v1/events lists the same ones."


class TooManyWebhooks(Conflict):
    code = "too-many-webhooks"
    title = "There are as many webhooks as are allowed"
    detail = "There are {most}."
    hint = "Delete one that is not used any more, or let one webhook send several kinds."


class NotReplayable(Conflict):
    code = "webhook-message-waits"
    title = "The message is still to be sent"
    detail = "It is due at {due_at}."
    hint = "Only a message that was delivered or has failed is sent again."


class MessageState(StrEnum):
    """`superseded`: retention removed the event, because a newer one of its record is there."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"
    SUPERSEDED = "superseded"


class Webhook(Versioned, Base):
    """A subscription. Events up to `position` of the feed are messages; later ones follow.

    While the receiver fails (`failures` times in a row) nothing is sent until `paused_until`. A worker that sends holds
    the row by `leased_until`, so the messages of one webhook are sent by one process. Secrets are sealed (`sealed.py`).
    """

    __tablename__ = "webhooks"
    __table_args__ = (unique("id"), Index("ix_webhooks_enabled", "tenant_id", postgresql_where=text("enabled")))

    url: Mapped[str] = mapped_column(Text)
    kinds: Mapped[list[str]] = mapped_column(ARRAY(Text))
    types: Mapped[list[str]] = mapped_column(ARRAY(Text))
    description: Mapped[str] = mapped_column(Text)
    enabled: Mapped[bool]
    disabled_reason: Mapped[str | None] = mapped_column(Text)
    topics: Mapped[list[str]] = mapped_column(ARRAY(Text))
    secret: Mapped[bytes] = mapped_column(LargeBinary)
    previous_secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    previous_until: Mapped[datetime | None]
    position: Mapped[int] = mapped_column(BigInteger)
    failures: Mapped[int] = mapped_column(default=0)
    paused_until: Mapped[datetime | None]
    leased_until: Mapped[datetime | None]
    created_by: Mapped[str] = mapped_column(Text)

    def change(self, values: Mapping[str, Any]) -> None:
        """Take the values of a checked body. Whoever enables a webhook ends its pause."""
        enabling = values["enabled"] and not self.enabled
        for name, value in values.items():
            setattr(self, name, value)
        if values["enabled"]:
            self.disabled_reason = None
        if enabling:
            self.failures, self.paused_until = 0, None

    def disable(self, reason: str) -> None:
        """Send nothing more until somebody enables it."""
        self.enabled, self.disabled_reason = False, reason
        self.count_on()

    def rotate(self, sealed: bytes, now: datetime) -> None:
        """Take a new secret. Messages are signed with the one before too, for a time."""
        self.previous_secret, self.previous_until = self.secret, now + timedelta(hours=OVERLAP_HOURS)
        self.secret = sealed
        self.count_on()

    def secrets(self, now: datetime) -> list[bytes]:
        """What a message is signed with, the newest first, as they are stored."""
        old = self.previous_secret if self.previous_until is not None and now < self.previous_until else None
        return [self.secret, old] if old else [self.secret]


class WebhookMessage(Base):
    """One event for one webhook. `status` and `error` are those of the last attempt."""

    __tablename__ = "webhook_messages"
    __table_args__ = (
        CheckConstraint("state in ('pending', 'delivered', 'failed', 'superseded')", name="state"),
        unique("id"),
        unique("webhook_id", "position"),
        Index("ix_webhook_messages_pending", "webhook_id", "topic", "key", "position", postgresql_where=PENDING),
        Index("ix_webhook_messages_finished_at", "finished_at"),
        Index(None, "tenant_id", "created_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    webhook_id: Mapped[UUID] = mapped_column(ForeignKey("webhooks.id", ondelete="CASCADE"))
    position: Mapped[int] = mapped_column(BigInteger)
    topic: Mapped[str] = mapped_column(Text)
    key: Mapped[str] = mapped_column(Text)
    event_id: Mapped[UUID]
    type: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text, default=MessageState.PENDING)
    attempts: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime] = mapped_column(server_default=func.now())
    status: Mapped[int | None]
    error: Mapped[str | None] = mapped_column(Text)
    attempted_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    finished_at: Mapped[datetime | None]

    def finish(self, state: MessageState, now: datetime) -> None:
        """Nothing follows, unless it is replayed."""
        self.state, self.finished_at = state, now

    def replay(self, now: datetime) -> None:
        """Send it again, with all attempts before it. Raise `NotReplayable` while it is to be sent anyway."""
        if self.state == MessageState.PENDING:
            raise NotReplayable(due_at=self.due_at.isoformat())
        self.state, self.attempts, self.due_at, self.finished_at = MessageState.PENDING, 0, now, None


FINISHED_MESSAGES = Expiry(
    "webhook_messages",
    """
    with gone as (
        delete from webhook_messages where id in (
            select id from webhook_messages where finished_at < :before order by finished_at limit :batch
        ) returning id
    )
    select count(*) as removed, case when count(*) = :batch then 0 end as next from gone
    """,
)
