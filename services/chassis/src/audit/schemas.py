"""Shapes of requests and responses."""

from datetime import datetime
from typing import Any, Self
from uuid import UUID

from chassis.audit import AuditEntry
from pydantic import AwareDatetime, BaseModel, Field
from sqlalchemy import Row

from audit.models import AuditLink

Short = Field(default=None, min_length=1, max_length=255)


class AuditFilters(BaseModel):
    """Filters of the list; all given filters must match."""

    actor: str | None = Short
    action: str | None = Short
    since: AwareDatetime | None = Field(default=None, description="Entries of this time or later.")
    until: AwareDatetime | None = Field(default=None, description="Entries before this time.")


class AuditEntryOut(BaseModel):
    """One act. `position` and `hash` are null until the worker has chained it, within seconds."""

    id: UUID
    at: datetime
    actor: str
    action: str = Field(description="The name of the API's operation, or of a verb on the command line.")
    facts: dict[str, Any] = Field(description="What it was about; never the values of a record.")
    correlation_id: str | None
    position: int | None
    hash: str | None

    @classmethod
    def of(cls, row: Row[Any]) -> Self:
        """The answer for an entry and its link."""
        entry: AuditEntry = row.AuditEntry
        link: AuditLink | None = row.AuditLink
        return cls(
            id=entry.id,
            at=entry.at,
            actor=entry.actor,
            action=entry.action,
            facts=entry.facts,
            correlation_id=entry.correlation_id,
            position=link and link.position,
            hash=link and link.hash.hex(),
        )
