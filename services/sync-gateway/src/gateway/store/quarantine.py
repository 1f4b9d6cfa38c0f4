"""Quarantine: messages that could not be parsed or merged, stored whole until an operator replays or drops them."""

import hashlib
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Self
from uuid import UUID

import orjson
from chassis.bus import Headers, Message
from chassis.db import JsonObject, storable, uuid7
from chassis.errors import Conflict
from sqlalchemy import BigInteger, Index, Integer, LargeBinary, Text, UniqueConstraint, text, update
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from gateway.kinds import kind_spec
from gateway.store.links import LinkRow
from gateway.store.tables import Base


class MessageHandled(Conflict):
    code = "message-handled"
    title = "The message is not held"
    detail = "It is {state} since {since}."
    hint = "Read it again; only a held message can be dropped, and a replayed one is merged already."


class Quarantined(Base):
    """One message with its bytes, its offset in Kafka and the reason.

    `tenant_id` is empty when it could not be read: only operators see such a message. `state` is `held`, `replaying`
    (requested), `replayed` or `dropped`; `handled_by` is the user who requested it. `digest` distinguishes the message
    from another one at the same offset of a new log. `headers` is for display; `raw_headers` contains them unchanged,
    as pairs of Base64 texts, null for a header without a value. Rows of an earlier version have no `raw_headers`.
    """

    __tablename__ = "quarantine"
    __table_args__ = (
        UniqueConstraint("topic", "partition", "log_offset", "digest"),
        Index("ix_quarantine_held", "id", postgresql_where=text("state = 'held'")),
        Index("ix_quarantine_open", "state", "tenant_id", postgresql_where=text("state in ('held', 'replaying')")),
    )

    tenant_id: Mapped[UUID | None] = mapped_column(nullable=True)  # type: ignore[assignment]  # may be unknown here
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    topic: Mapped[str] = mapped_column(Text)
    partition: Mapped[int] = mapped_column(Integer)
    log_offset: Mapped[int] = mapped_column(BigInteger)
    key: Mapped[bytes | None] = mapped_column(LargeBinary)
    value: Mapped[bytes | None] = mapped_column(LargeBinary)
    headers: Mapped[JsonObject]
    raw_headers: Mapped[list[list[str | None]] | None] = mapped_column(JSONB(none_as_null=True))
    digest: Mapped[bytes] = mapped_column(LargeBinary, server_default=text("''"))
    error: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    held_at: Mapped[datetime]
    replayed_at: Mapped[datetime | None]
    handled_by: Mapped[str | None] = mapped_column(Text)
    handled_at: Mapped[datetime | None]

    @classmethod
    def of(cls, message: Message, error: str, now: datetime) -> Self:
        """The row of a message. It can be stored for any bytes."""
        headers = _readable(message.headers)
        return cls(
            id=uuid7(),
            tenant_id=_tenant(headers),
            topic=message.topic,
            partition=message.partition,
            log_offset=message.offset,
            key=message.key,
            value=message.value,
            headers=headers,
            raw_headers=packed_headers(message.headers),
            digest=_digest(message),
            error=storable(error)[:4000],
            state="held",
            held_at=now,
        )

    def replay(self, by: str, now: datetime) -> None:
        """Request that the worker merges it. A second request changes nothing; raises `MessageHandled` when it is
        merged."""
        if self.state == "replayed":
            raise MessageHandled(state=self.state, since=self.replayed_at)
        if self.state != "replaying":
            self.state, self.handled_by, self.handled_at = "replaying", by, now

    def drop(self, by: str, now: datetime) -> None:
        """Mark it as not needed; it is kept. Raises `MessageHandled` when it is replayed, or about to be."""
        if self.state in ("replaying", "replayed"):
            raise MessageHandled(state=self.state, since=self.replayed_at or self.handled_at)
        if self.state != "dropped":
            self.state, self.handled_by, self.handled_at = "dropped", by, now

    def message(self) -> Message:
        """The original message."""
        return Message(self.topic, self.key, self.value, self._headers(), self.partition, self.log_offset)

    def _headers(self) -> Headers:
        if self.raw_headers is None:
            return tuple((name, str(value).encode()) for name, value in self.headers.items())
        return unpacked_headers(self.raw_headers)

    def shown(self) -> dict[str, Any]:
        """The message in lists of the REST API, without its body."""
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
        """With its body and headers; bytes that are not text are replaced."""
        raw = [{"name": _shown(name), "base64": _base64(value)} for name, value in self._headers()]
        return {**self.shown(), "value": _text(self.value), "headers": self.headers, "raw_headers": raw}


UTF8 = ("utf-8", "surrogateescape")
HELD_TWICE = ("topic", "partition", "log_offset", "digest")


async def hold(session: AsyncSession, row: Quarantined) -> None:
    """Store a message. A stored one is unchanged, except that a replayed one that fails again is held again."""
    values = {column.key: getattr(row, column.key) for column in Quarantined.__table__.columns}
    new = insert(Quarantined).values(values)
    again = {"state": "held", "error": new.excluded.error, "held_at": new.excluded.held_at}
    replayed = Quarantined.state == "replayed"
    await session.execute(new.on_conflict_do_update(index_elements=HELD_TWICE, set_=again, where=replayed))


async def replay_held(session: AsyncSession, link: LinkRow, by: str, now: datetime) -> int:
    """Merge the messages of a local record that were held because the hub took it for another one; how many."""
    held = (
        Quarantined.state == "held",
        Quarantined.tenant_id == link.tenant_id,
        Quarantined.topic == kind_spec(link.kind).topic_of(link.system),
        Quarantined.key == link.local_id.encode(),
    )
    asked = update(Quarantined).where(*held).values(state="replaying", handled_by=by, handled_at=now)
    return len((await session.scalars(asked.returning(Quarantined.id))).all())


def _digest(message: Message) -> bytes:
    parts = [_base64(message.key), _base64(message.value), packed_headers(message.headers)]
    return hashlib.sha256(orjson.dumps(parts)).digest()


def _readable(headers: Headers) -> dict[str, str | None]:
    return {_shown(name): None if value is None else storable(_text(value) or "") for name, value in headers}


def packed_headers(headers: Headers) -> list[list[str | None]]:
    """The headers unchanged, as JSON: pairs of Base64 texts, null for a header without a value."""
    return [[_base64(name.encode(*UTF8)), _base64(value)] for name, value in headers]


def unpacked_headers(packed: Iterable[Sequence[str | None]]) -> Headers:
    """The headers from the form of `packed_headers`."""
    return tuple((_unpacked(name).decode(*UTF8), _unpacked_value(value)) for name, value in packed)


def _unpacked(packed: str | None) -> bytes:
    return b64decode(packed or "")


def _unpacked_value(packed: str | None) -> bytes | None:
    return None if packed is None else b64decode(packed)


def _base64(value: bytes | None) -> str | None:
    return None if value is None else b64encode(value).decode()


def _shown(name: str) -> str:
    return storable(name.encode(*UTF8).decode(errors="replace"))


def _text(value: bytes | None) -> str | None:
    return value.decode(errors="replace") if value is not None else None


def _tenant(headers: Mapping[str, str | None]) -> UUID | None:
    try:
        return UUID(headers.get("ce_tenant") or "")
    except ValueError:
        return None
