"""Messages in quarantine."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, Field

from gateway.api.kinds import Filters
from gateway.store.quarantine import Quarantined

HeldState = Literal["held", "replaying", "replayed", "dropped"]


class QuarantineFilters(Filters):
    state: HeldState | None = None
    topic: Annotated[str, Field(min_length=1, max_length=249)] | None = None


class HeldMessage(BaseModel):
    """A message that could not be parsed or merged: its offset in Kafka, and the reason."""

    id: UUID
    topic: str
    partition: int
    offset: int
    key: str | None
    error: str
    state: HeldState = Field(description="`replaying`: requested; the worker merges it within a second or two.")
    held_at: datetime
    replayed_at: datetime | None
    handled_by: str | None = Field(description="The user who requested the replay, or dropped it.")
    handled_at: datetime | None

    @classmethod
    def of(cls, row: Quarantined) -> Self:
        return cls.model_validate(row.shown())


class RawHeader(BaseModel):
    """One header with the bytes of its value."""

    name: str
    base64: str | None


class HeldMessageInFull(HeldMessage):
    """The message with its body; bytes that are not text are replaced."""

    value: str | None
    headers: dict[str, str | None] = Field(description="As text, for display; of a repeated name the last value.")
    raw_headers: list[RawHeader] = Field(description="Every header in its order, unchanged.")

    @classmethod
    def of(cls, row: Quarantined) -> Self:
        return cls.model_validate(row.shown_in_full())
