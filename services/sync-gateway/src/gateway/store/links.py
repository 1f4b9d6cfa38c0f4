"""Links: which local record of which system is which canonical record, and its match keys."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple
from uuid import UUID

from adjustments.statements import Statement
from chassis.db import uuid7
from sqlalchemy import BigInteger, ForeignKey, Index, Text, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from gateway.merge.register import Moment
from gateway.store.rows import Row, Written
from gateway.store.tables import Base


class LocalRecord:
    """One local record. Links stay for ever, unless a steward takes one away.

    `seen_seq` is the greatest number of its events that the hub has merged, `last_time_us` and `last_seq` the latest of
    them by its author's clock (None for events merged before the hub stored it). A retired link is an alias for late
    events: its row was lost in a restore, and the record has another row there.
    """

    if TYPE_CHECKING:
        id: Any
        kind: Any
        system: Any
        local_id: Any
        canonical_id: Any
        seen_seq: Any
        tier: Any
        reason: Any
        linked_at: Any
        last_time_us: Any
        last_seq: Any
        retired_at: Any

    def retire(self, now: datetime) -> None:
        """Retire the link: its row is lost. Late events of it still find the record."""
        self.retired_at = now

    @property
    def last(self) -> Moment | None:
        """The latest event that the hub has merged."""
        known = self.last_time_us is not None and self.last_seq is not None
        return Moment(self.last_time_us or 0, self.last_seq or 0) if known else None

    @property
    def reach(self) -> tuple[int, int] | None:
        """How far its events are merged: the latest time and the greatest number, which may be of two events."""
        return None if self.last_time_us is None else (self.last_time_us, self.seen_seq)

    def follow(self, seen_seq: int, last: Moment | None) -> None:
        """Store how far the hub has merged."""
        self.seen_seq = seen_seq
        if last is not None:
            self.last_time_us, self.last_seq = last

    @property
    def token(self) -> str:
        """The token of deliveries that wait for this local record."""
        return waiting_token(self.kind, self.system, self.local_id)

    def shown(self) -> dict[str, Any]:
        """The link in the form of the REST API."""
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


class Link(LocalRecord, Base):
    """A link as the REST API reads it."""

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


@dataclass(eq=False)
class LinkRow(LocalRecord, Row):
    """A link as the hub changes it."""

    COLUMNS: ClassVar = (
        "tenant_id",
        "kind",
        "system",
        "local_id",
        "canonical_id",
        "seen_seq",
        "tier",
        "reason",
        "linked_at",
        "last_time_us",
        "last_seq",
        "retired_at",
        "id",
    )

    tenant_id: UUID
    kind: str
    system: str
    local_id: str
    canonical_id: UUID
    seen_seq: int
    tier: str
    reason: str
    linked_at: datetime
    last_time_us: int | None = None
    last_seq: int | None = None
    retired_at: datetime | None = None
    id: UUID = field(default_factory=uuid7)


LINKS = Written(
    Link,
    LinkRow.COLUMNS,
    ["tenant_id", "kind", "system", "local_id"],
    ["tenant_id", "kind", "system", "local_id", "canonical_id", "tier", "reason", "linked_at", "id"],
)


class MatchKey(Base):
    """One key under which a record can be found: a tax id, an e-mail address, a phone number."""

    __tablename__ = "match_keys"

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    key: Mapped[str] = mapped_column(Text, primary_key=True)
    canonical_id: Mapped[UUID] = mapped_column(ForeignKey("records.canonical_id"), primary_key=True)


FOLLOW = Statement("""
    update links set seen_seq = n.seen_seq, last_time_us = n.last_time_us, last_seq = n.last_seq
    from unnest(cast(:tenants as uuid[]), cast(:kinds as text[]), cast(:systems as text[]), cast(:local_ids as text[]),
                cast(:before as bigint[]), cast(:seen_seqs as bigint[]), cast(:times_us as bigint[]),
                cast(:last_seqs as bigint[]))
        as n(tenant_id, kind, system, local_id, before, seen_seq, last_time_us, last_seq)
    where (links.tenant_id, links.kind, links.system, links.local_id) = (n.tenant_id, n.kind, n.system, n.local_id)
        and links.seen_seq = n.before and links.retired_at is null
    returning 1
    """)


class Followed(NamedTuple):
    """How far a link is after an event that changes nothing else: from `before` to `seen_seq`."""

    key: tuple[UUID, str, str, str]
    before: int
    seen_seq: int
    last: Moment


class LinkMoved(OSError):
    """Somebody else has changed a link since it was read without a lock: read the batch again."""


async def follow(session: AsyncSession, followed: Sequence[Followed]) -> None:
    """Store how far links are that were read without a lock. Raises `LinkMoved` when one is not as it was read."""
    if not followed:
        return
    keys, before, seen_seqs, lasts = zip(*followed, strict=True)
    tenants, kinds, systems, local_ids = zip(*keys, strict=True)
    times_us, last_seqs = zip(*lasts, strict=True)
    names = {"tenants": tenants, "kinds": kinds, "systems": systems, "local_ids": local_ids}
    numbers = {"before": before, "seen_seqs": seen_seqs, "times_us": times_us, "last_seqs": last_seqs}
    if len(await FOLLOW.fetch(session, {**names, **numbers})) != len(followed):
        raise LinkMoved("a link has changed meanwhile")


def waiting_token(kind: str, system: str, local_id: str) -> str:
    """The token for waiting for a local record that the hub does not know."""
    return f"{kind} {local_id} of {system}"


def missing_token(kind: str, canonical_id: str, system: str) -> str:
    """The token for waiting for a record that a system does not have yet."""
    return f"{kind} {canonical_id} in {system}"
