"""The decision log. Only the state of its entries changes; it contains all overwritten values."""

from datetime import datetime
from typing import Any, Literal, Self
from uuid import UUID

from chassis.db import JsonObject, uuid7
from chassis.errors import NotFound
from contracts.events import ConflictDecided
from sqlalchemy import Index, Integer, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from gateway.merge.policy import Json
from gateway.merge.register import Decision, Fate
from gateway.store.tables import Base

State = Literal["decided", "open", "resolved", "superseded"]


class NoSuchDecision(NotFound):
    code = "no-such-decision"
    title = "The log contains no such decision"
    hint = "GET /v1/decisions and GET /v1/conflicts list the ids."


class DecisionRow(Base):
    """One decision: all values with their authors and times, the winner, the rule.

    `open` waits for a steward, `resolved` was decided by one, `superseded` was replaced by an author who had seen the
    values or by a newer decision, `decided` needed no steward. A restored hub may have a decision before its record.
    """

    __tablename__ = "decisions"
    __table_args__ = (
        Index("ix_decisions_record", "canonical_id", "group_key"),
        Index("ix_decisions_open", "tenant_id", "id", postgresql_where=text("state = 'open'")),
        Index("ix_decisions_open_kind", "kind", postgresql_where=text("state = 'open'")),
        Index("ix_decisions_newest", "tenant_id", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    kind: Mapped[str] = mapped_column(Text)
    canonical_id: Mapped[UUID]
    group_key: Mapped[str] = mapped_column(Text)
    rule: Mapped[str] = mapped_column(Text)
    policy: Mapped[str] = mapped_column(Text)
    policy_version: Mapped[int] = mapped_column(Integer)
    winner: Mapped[str | None] = mapped_column(Text)
    value: Mapped[Json] = mapped_column(JSONB(none_as_null=True))
    heads: Mapped[list[JsonObject]] = mapped_column(JSONB)
    detail: Mapped[str] = mapped_column(Text)
    event_id: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    decided_at: Mapped[datetime]
    resolved_at: Mapped[datetime | None]
    resolved_by: Mapped[str | None] = mapped_column(Text)

    @classmethod
    def of(cls, decision: Decision, tenant_id: UUID, kind: str, record: UUID, event_id: str, now: datetime) -> Self:
        """The row of a decision of the merge."""
        return cls(
            id=uuid7(),
            tenant_id=tenant_id,
            kind=kind,
            canonical_id=record,
            group_key=decision.group,
            rule=decision.rule,
            policy=decision.policy,
            policy_version=decision.version,
            winner=decision.winner,
            value=decision.value,
            heads=[entry.to_json() for entry in decision.heads],
            detail=decision.detail,
            event_id=event_id,
            state="open" if decision.parked else "decided",
            decided_at=now,
        )

    @classmethod
    def of_told(cls, told: ConflictDecided, tenant_id: str) -> Self:
        """The row of a decision that the hub has announced."""
        return cls(
            id=told.id,
            tenant_id=UUID(tenant_id),
            kind=told.kind,
            canonical_id=told.canonical_id,
            group_key=told.group,
            rule=told.rule,
            policy=told.policy.name,
            policy_version=told.policy.version,
            winner=told.winner,
            value=told.value,
            heads=[value.model_dump(mode="json") for value in told.values],
            detail=told.detail,
            event_id=told.event_id,
            state=told.state,
            decided_at=told.decided_at,
            resolved_at=told.resolved_at,
            resolved_by=told.resolved_by,
        )

    def resolve(self, by: str, now: datetime) -> None:
        """A steward has picked the value."""
        self.state, self.resolved_by, self.resolved_at = "resolved", by, now

    @property
    def was_parked(self) -> bool:
        """Whether nobody had won when it was logged. Of a group that only ever was refused nobody had a value."""
        return self.winner is None and not (self.heads and all(each["outcome"] == "refused" for each in self.heads))

    def outcome_for(self, system: str) -> Fate | Literal["parked"] | None:
        """What became of a system's value, the worst if it had several; None when it had none."""
        fates = {each["outcome"] for each in self.heads if each["origin"] == system}
        worst: Fate | None = next((fate for fate in ("refused", "lost", "kept") if fate in fates), None)
        return "parked" if worst == "kept" and self.was_parked else worst

    def shown(self) -> dict[str, Any]:
        """The decision as events and the REST API tell it."""
        return {
            "id": str(self.id),
            "kind": self.kind,
            "canonical_id": str(self.canonical_id),
            "group": self.group_key,
            "rule": self.rule,
            "policy": {"name": self.policy, "version": self.policy_version},
            "winner": self.winner,
            "value": self.value,
            "values": self.heads,
            "detail": self.detail,
            "event_id": self.event_id,
            "state": self.state,
            "decided_at": self.decided_at.isoformat(),
            "resolved_at": self.resolved_at.isoformat() if self.resolved_at else None,
            "resolved_by": self.resolved_by,
        }


async def by_id(session: AsyncSession, decision_id: UUID) -> DecisionRow:
    """One decision. Raises `NoSuchDecision`."""
    row = await session.get(DecisionRow, decision_id)
    if row is None:
        raise NoSuchDecision(id=decision_id)
    return row
