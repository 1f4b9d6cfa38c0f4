"""Shapes of requests and responses."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from chassis.history import Action
from contracts.text import many_lines
from contracts.values import Tag
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from records.filters import Archived

MOST_TAGS = 100
NoteText = Annotated[str, Field(min_length=1, max_length=10_000), BeforeValidator(many_lines)]


class NoteBody(BaseModel):
    """A note, up to 10,000 characters."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"text": "Asked for a call on Monday."}]})

    text: NoteText


class NoteOut(BaseModel):
    """A note, with its author and time."""

    model_config = ConfigDict(from_attributes=True, json_schema_serialization_defaults_required=True)

    id: UUID
    version: int = Field(description="Incremented with every change; the same as in the `ETag`.")
    author: str
    text: str
    created_at: datetime
    updated_at: datetime
    archived_at: datetime | None


class NoteFilters(BaseModel):
    """Filters of the notes."""

    archived: Archived = "false"


class RecordTags(BaseModel):
    """The tags of a record, each once and sorted; the `ETag` is derived from all of them."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"tags": ["key account"]}]})

    tags: Annotated[list[Tag], Field(max_length=MOST_TAGS)]


class TimelineChange(BaseModel):
    """A field, with the values before and after."""

    field: str
    old: Any
    new: Any


class TimelineEntry(BaseModel):
    """One action on a record. `actor` is null if it was not stored."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)

    id: UUID
    at: datetime
    actor: str | None = Field(description="`gateway` for changes delivered from another system.")
    action: Action
    about: UUID | None = Field(description="The note or the file of the action.")
    changes: list[TimelineChange]
    changes_left_out: int = Field(description="The number of further changes; 200 of one action are stored.")


class TimelineFilters(BaseModel):
    """Filters of a timeline."""

    action: Action | None = None
