"""Shapes of requests and responses about subscriptions and imports."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from contracts.text import NameText
from pydantic import BaseModel, ConfigDict, Field

from crm.activities.calendar.schemas import CalendarEventBody

MOST_UID = 500


class ImportedEvent(CalendarEventBody):
    """An event of a file, with its identifier."""

    uid: Annotated[str, Field(min_length=1, max_length=MOST_UID)]


class SubscriptionBody(BaseModel):
    """A subscription of the caller's own calendar."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"name": "Phone"}]})

    name: NameText = Field(description="Which program reads it.")
    only_times: bool = Field(default=False, strict=True, description="Show when, and not what for.")


class SubscriptionOut(BaseModel):
    """A subscription without its secret."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    employee_id: UUID
    name: str
    only_times: bool
    created_at: datetime
    last_read_at: datetime | None = Field(description="Exact to a minute; null when it was never read.")
    revoked_at: datetime | None


class SubscriptionSecret(SubscriptionOut):
    """The same, with the address that calendar programs read: keep it, it is not shown again."""

    url: str


class RefusedEvent(BaseModel):
    """An event of a file that was not stored."""

    position: int = Field(description="Which event of the file, counted from 1.")
    uid: str | None
    subject: str | None
    reason: str


class CalendarImport(BaseModel):
    """What became of the events of a file."""

    created: int
    changed: int
    unchanged: int
    refused: list[RefusedEvent]
