"""Quarantine: messages that could not be read or merged, whole, until a person replays or drops them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from chassis.bus import Message
from chassis.db import JsonObject, uuid7
from chassis.errors import Conflict
from sqlalchemy import BigInteger, Integer, LargeBinary, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from gateway.tables import Base


class MessageHandled(Conflict):
    code = "message-handled"
    title = "The message is not held any more"
    detail = "It is {state} since {since}."
    hint = "Read it again; only a message that is held can be dropped, and a replayed one is merged already."


class Quarantined(Base):
    """One message with its bytes, its place in Kafka and why it stands here.

    `tenant_id` is empty when not even that could be read: every operator sees such a message. `state` is `held`,
    `replaying` (a person asked), `replayed` or `dropped`; `handled_by` is who asked.
    """

    __tablename__ = "quarantine"
    __table_args__ = (UniqueConstraint("topic", "partition", "log_offset"),)

    tenant_id: Mapped[UUID | None] = mapped_column(nullable=True)  # type: ignore[assignment]  # may be unknown here
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    topic: Mapped[str] = mapped_column(Text)
    partition: Mapped[int] = mapped_column(Integer)
    log_offset: Mapped[int] = mapped_column(BigInteger)
    key: Mapped[bytes | None] = mapped_column(LargeBinary)
    value: Mapped[bytes | None] = mapped_column(LargeBinary)
    headers: Mapped[JsonObject]
    error: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    held_at: Mapped[datetime]
    replayed_at: Mapped[datetime | None]
    handled_by: Mapped[str | None] = mapped_column(Text)
    handled_at: Mapped[datetime | None]

    @classmethod
    def of(cls, message: Message, error: str, now: datetime) -> Self:
        """The row of a message; bytes that are no text are kept as they are."""
        headers = {name: value.decode(errors="replace") for name, value in message.headers}
        return cls(
            id=uuid7(),
            tenant_id=_tenant(headers),
            topic=message.topic,
            partition=message.partition,
            log_offset=message.offset,
            key=message.key,
            value=message.value,
            headers=headers,
            error=error[:4000],
            state="held",
            held_at=now,
        )

    def replay(self, by: str, now: datetime) -> None:
        """Let the worker merge it. Asking twice is asking once; raise `MessageHandled` when it is merged."""
        if self.state == "replayed":
            raise MessageHandled(state=self.state, since=self.replayed_at)
        if self.state != "replaying":
            self.state, self.handled_by, self.handled_at = "replaying", by, now

    def drop(self, by: str, now: datetime) -> None:
        """Nobody needs it; it is kept all the same. Raise `MessageHandled` when it is replayed, or about to be."""
        if self.state in ("replaying", "replayed"):
            raise MessageHandled(state=self.state, since=self.replayed_at or self.handled_at)
        if self.state != "dropped":
            self.state, self.handled_by, self.handled_at = "dropped", by, now

    def message(self) -> Message:
        """The message as it came."""
        headers = tuple((name, str(value).encode()) for name, value in self.headers.items())
        return Message(self.topic, self.key, self.value, headers, self.partition, self.log_offset)

    def shown(self) -> dict[str, Any]:
        """The message as lists of the REST API show it, without its body."""
        return {
            "id": str(self.id),
            "topic": self.topic,
            "partition": self.partition,
            "offset": self.log_offset,
            "key": _text(self.key),
            "error": self.error,
            "state": self.state,
            "held_at": self.held_at,
            "replayed_at": self.replayed_at,
            "handled_by": self.handled_by,
            "handled_at": self.handled_at,
        }

    def shown_in_full(self) -> dict[str, Any]:
        """With its body and headers; bytes that are no text are replaced."""
        return {**self.shown(), "value": _text(self.value), "headers": self.headers}


def _text(value: bytes | None) -> str | None:
    return value.decode(errors="replace") if value is not None else None


def _tenant(headers: Mapping[str, str]) -> UUID | None:
    try:
        return UUID(headers.get("ce_tenant", ""))
    except ValueError:
        return None
