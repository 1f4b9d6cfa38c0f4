"""Shapes of requests and responses about resources and bookings, and their filters."""

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from contracts.custom import OwnValues
from contracts.text import NameText, NotesText, OptionalNameText, refuse
from contracts.values import Moment
from localisation import Phrase
from pydantic import BaseModel, ConfigDict, Field, model_validator
from records import Filters, PlainOut

from crm.activities.bookings.rules import LONGEST, ResourceType

Capacity = Annotated[int, Field(strict=True, ge=1, le=100_000)]
EMPLOYEE = "The employee who is booked, instead of a resource; within his working time."


class ResourceBody(BaseModel):
    """A resource; only `name` is required."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"name": "Tasting room", "type": "room", "capacity": 12}]},
    )

    name: NameText
    type: ResourceType = ResourceType.ROOM
    location: OptionalNameText = None
    capacity: Capacity | None = Field(default=None, description="How many people it takes.")
    notes: NotesText = ""
    custom: OwnValues = {}


class ResourceOut(PlainOut):
    """A resource."""

    name: str
    type: ResourceType
    location: str | None
    capacity: int | None
    notes: str
    custom: dict[str, Any]


class ResourceFilters(Filters):
    """Filters of the list; all given filters must match."""

    q: str | None = Field(default=None, max_length=200, description="Words in the name.")
    type: ResourceType | None = None
    updated_since: datetime | None = None


class BookingBody(BaseModel):
    """A booking of one resource or one employee."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "subject": "Tasting with the canteen",
                    "resource_id": "01936f2b-3e00-7a10-8b00-000000000042",
                    "starts_at": "2026-11-30T08:00:00Z",
                    "ends_at": "2026-11-30T09:30:00Z",
                }
            ]
        },
    )

    subject: NameText
    resource_id: UUID | None = Field(default=None, description="The resource that is booked.")
    employee_id: UUID | None = Field(default=None, description=EMPLOYEE)
    starts_at: Moment
    ends_at: Moment = Field(description="At most 31 days later. The next booking may begin at this moment.")
    booked_by_id: UUID | None = Field(
        default=None, description="Default for a new booking: the caller, if the caller is an employee."
    )
    calendar_event_id: UUID | None = Field(default=None, description="The event that it is made for.")
    customer_id: UUID | None = None
    contact_id: UUID | None = None
    notes: NotesText = ""
    custom: OwnValues = {}

    @model_validator(mode="after")
    def _books_one_for_a_time(self) -> Self:
        if (self.resource_id is None) == (self.employee_id is None):
            raise refuse("booked", Phrase("give `resource_id` or `employee_id`, and not both"), "resource_id")
        if not self.starts_at < self.ends_at <= self.starts_at + LONGEST:
            message = Phrase("later than `starts_at`, and at most {most_days} days", most_days=LONGEST.days)
            raise refuse("time", message, "ends_at")
        return self


class BookingOut(PlainOut):
    """A booking. An archived one takes no time any more."""

    subject: str
    resource_id: UUID | None
    employee_id: UUID | None
    starts_at: datetime
    ends_at: datetime
    booked_by_id: UUID | None
    calendar_event_id: UUID | None
    customer_id: UUID | None
    contact_id: UUID | None
    notes: str
    custom: dict[str, Any]


class BookingFilters(Filters):
    """Filters of the list; all given filters must match."""

    q: str | None = Field(default=None, max_length=200, description="Words in the subject.")
    resource_id: UUID | None = None
    employee_id: UUID | None = None
    booked_by_id: UUID | None = None
    calendar_event_id: UUID | None = None
    customer_id: UUID | None = None
    contact_id: UUID | None = None
    takes_place_from: datetime | None = Field(default=None, description="Bookings that end later.")
    takes_place_until: datetime | None = Field(default=None, description="Bookings that begin earlier.")
    updated_since: datetime | None = None
