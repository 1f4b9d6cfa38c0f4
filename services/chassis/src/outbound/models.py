"""The table of outbound topics."""

from datetime import datetime
from uuid import UUID

from chassis import clock
from chassis.db import TENANT, Base
from chassis.errors import Forbidden
from sqlalchemy import BigInteger, Text, func, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column


class OutboundKindNotReadable(Forbidden):
    code = "outbound-kind-not-readable"
    title = "The token may not read what the topic has"
    detail = "The events of {kind} need the scope {scope}."
    hint = "A topic is declared with the scope that shows its kind: GET /v1/events lists the same events."


class OutboundTopic(Base):
    """A tenant publishes a kind. Events up to `position` of `outbox_sent` are in its topic, whose log is `log_id`.

    A worker that publishes holds the row by `leased_until`, so the events of one record keep their order. After
    `failures` in a row the next attempt is at `due_at`.
    """

    __tablename__ = "outbound_topics"

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text(TENANT))
    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    version: Mapped[int]
    enabled: Mapped[bool]
    without: Mapped[list[str]] = mapped_column(ARRAY(Text))
    changed_by: Mapped[str] = mapped_column(Text)
    changed_at: Mapped[datetime] = mapped_column(server_default=func.now())
    position: Mapped[int] = mapped_column(BigInteger, default=0)
    log_id: Mapped[UUID | None]
    failures: Mapped[int] = mapped_column(default=0)
    error: Mapped[str | None] = mapped_column(Text)
    due_at: Mapped[datetime] = mapped_column(server_default=func.now(), default=clock.now)
    leased_until: Mapped[datetime | None]

    def declare(self, without: list[str], *, enabled: bool, actor: str) -> None:
        """Take over a declaration. Other groups than before: everything is published again."""
        if sorted(without) != sorted(self.without or []):
            self.position = 0
        self.without, self.enabled = sorted(without), enabled
        self.version, self.changed_by, self.changed_at = (self.version or 0) + 1, actor, clock.now()
        self.failures, self.error, self.due_at = 0, None, clock.now()
