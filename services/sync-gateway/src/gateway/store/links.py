"""Who is who: which local record of which system is which canonical record, and by which keys it is found again."""

from datetime import datetime
from typing import Any
from uuid import UUID

from chassis.db import uuid7
from sqlalchemy import BigInteger, ForeignKey, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from gateway.merge.register import Moment
from gateway.store.tables import Base


class Link(Base):
    """One local record. Links stay for ever, unless a steward takes one away.

    `seen_seq` is the greatest number of its events that the hub has merged, `last_time_us` and `last_seq` the latest of
    them by its author's clock (None for what was merged before the hub kept it). A retired link is an alias for late
    events: its row went with a restore, and the record has another row there.
    """

    __tablename__ = "links"
    __table_args__ = (
        Index("uq_links_present", "canonical_id", "system", unique=True, postgresql_where=text("retired_at is null")),
        Index("ix_links_canonical_id", "canonical_id"),
        Index("uq_links_id", "id", unique=True),
    )

    id: Mapped[UUID] = mapped_column(default=uuid7, server_default=text("gen_random_uuid()"))
    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    system: Mapped[str] = mapped_column(Text, primary_key=True)
    local_id: Mapped[str] = mapped_column(Text, primary_key=True)
    canonical_id: Mapped[UUID] = mapped_column(ForeignKey("records.canonical_id"))
    seen_seq: Mapped[int] = mapped_column(BigInteger)
    tier: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    linked_at: Mapped[datetime]
    last_time_us: Mapped[int | None] = mapped_column(BigInteger)
    last_seq: Mapped[int | None] = mapped_column(BigInteger)
    retired_at: Mapped[datetime | None]

    def retire(self, now: datetime) -> None:
        """The row is gone. Late events of it still find the record."""
        self.retired_at = now

    @property
    def last(self) -> Moment | None:
        """The latest event that the hub has merged."""
        known = self.last_time_us is not None and self.last_seq is not None
        return Moment(self.last_time_us or 0, self.last_seq or 0) if known else None

    @property
    def reach(self) -> tuple[int, int] | None:
        """How far its events are merged: the latest time and the greatest number, which may be of two events."""
        return (self.last_time_us, self.seen_seq) if self.last_time_us is not None else None

    def follow(self, seen_seq: int, last: Moment | None) -> None:
        """The hub has merged so far."""
        self.seen_seq = seen_seq
        if last is not None:
            self.last_time_us, self.last_seq = last

    @property
    def token(self) -> str:
        """What a delivery waits for that needs this local record."""
        return waiting_token(self.kind, self.system, self.local_id)

    def shown(self) -> dict[str, Any]:
        """The link as the REST API answers it."""
        return {
            "id": str(self.id),
            "kind": self.kind,
            "system": self.system,
            "local_id": self.local_id,
            "canonical_id": str(self.canonical_id),
            "seen_seq": self.seen_seq,
            "tier": self.tier,
            "reason": self.reason,
            "linked_at": self.linked_at,
        }


class MatchKey(Base):
    """One key under which a record can be found: a tax id, an e-mail address, a phone number."""

    __tablename__ = "match_keys"

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    key: Mapped[str] = mapped_column(Text, primary_key=True)
    canonical_id: Mapped[UUID] = mapped_column(ForeignKey("records.canonical_id"), primary_key=True)


def waiting_token(kind: str, system: str, local_id: str) -> str:
    """Waiting for a local record that the hub has not heard of."""
    return f"{kind} {local_id} of {system}"


def missing_token(kind: str, canonical_id: str, system: str) -> str:
    """Waiting for a record that a system does not have yet."""
    return f"{kind} {canonical_id} in {system}"
