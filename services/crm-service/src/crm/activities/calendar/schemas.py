"""Shapes of requests and responses about calendar events, and their filters."""

from datetime import date, datetime
from typing import Annotated, Any, Self
from uuid import UUID

from contracts.activity import MOST_PARTICIPANTS
from contracts.custom import OwnValues
from contracts.text import NameText, NotesText, OptionalNameText, refuse
from contracts.values import EmailText, Moment
from localisation import Phrase
from party.owners import OwnerId
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from records import Filters, PlainOut
from recurrence import Rule, ZoneName, company_zone

from crm.activities.calendar.rules import LONGEST, AttendeeAnswer, EventState, Span, days

MOST_EXCLUDED = 1000
STARTS_ON = "The first day of an event that takes whole days, instead of `starts_at` and `ends_at`."
BUSY = "Whether the organiser and those who have not declined are busy meanwhile."
PRIVATE = "Whether everybody but the organiser and the attendees sees no more than the time."
_PEOPLE = ("employee_id", "contact_id", "email")


class Attendee(BaseModel):
    """Who is invited: an employee, a contact, or somebody else by e-mail address."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)

    employee_id: UUID | None = None
    contact_id: UUID | None = None
    email: EmailText | None = None
    name: OptionalNameText = None
    answer: AttendeeAnswer = AttendeeAnswer.NEEDS_ACTION

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if sum(getattr(self, name) is not None for name in _PEOPLE) != 1:
            raise refuse("attendee", "give one of `employee_id`, `contact_id` and `email`")
        return self


def _each_once(attendees: list[Attendee]) -> list[Attendee]:
    people = [(each.employee_id, each.contact_id, each.email) for each in attendees]
    if len(set(people)) < len(people):
        raise refuse("attendees", "somebody is invited twice")
    return attendees


Attendees = Annotated[list[Attendee], Field(max_length=MOST_PARTICIPANTS), AfterValidator(_each_once)]
Days = Annotated[list[date], Field(max_length=MOST_EXCLUDED), AfterValidator(lambda found: sorted(set(found)))]


class CalendarEventBody(BaseModel):
    """An event: `subject` is required, and `starts_at` with `ends_at` or `starts_on` with `ends_on`."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "subject": "Tasting at the canteen",
                    "location": "Berlin, Obere Str. 57",
                    "starts_at": "2026-11-30T08:00:00Z",
                    "ends_at": "2026-11-30T09:30:00Z",
                    "time_zone": "Europe/Berlin",
                    "recurrence": "FREQ=WEEKLY;COUNT=4",
                }
            ]
        },
    )

    subject: NameText
    location: OptionalNameText = None
    text: NotesText = ""
    starts_at: Moment | None = None
    ends_at: Moment | None = None
    starts_on: date | None = Field(default=None, description=STARTS_ON)
    ends_on: date | None = Field(default=None, description="The last day; the event takes it, too.")
    time_zone: ZoneName = Field(
        default_factory=company_zone,
        description="The IANA zone of whole days, and in which occurrences keep their time. Default: the company's.",
    )
    recurrence: Rule | None = Field(
        default=None, description="A rule of RFC 5545 with the frequency DAILY, WEEKLY, MONTHLY or YEARLY."
    )
    excluded_on: Days = Field(default=[], description="Days of the time zone on which no occurrence takes place.")
    state: EventState = EventState.CONFIRMED
    busy: bool = Field(default=True, strict=True, description=BUSY)
    private: bool = Field(default=False, strict=True, description=PRIVATE)
    organiser_id: UUID | None = Field(
        default=None, description="Default for a new event: the caller, if the caller is an employee."
    )
    attendees: Attendees = Field(default=[], description="Those who are invited, with their answers.")
    customer_id: UUID | None = Field(default=None, description="The customer that it is about.")
    order_id: UUID | None = Field(default=None, description="The order that it is about.")
    deal_id: UUID | None = Field(default=None, description="The deal that it is about.")
    custom: OwnValues = {}

    @model_validator(mode="after")
    def _has_a_time(self) -> Self:
        times, whole = (self.starts_at, self.ends_at), (self.starts_on, self.ends_on)
        if (None in times) == (None in whole) or any(times) == any(whole):
            raise refuse("time", Phrase("give `starts_at` and `ends_at`, or `starts_on` and `ends_on`"), "starts_at")
        first, last = ("starts_at", "ends_at") if any(times) else ("starts_on", "ends_on")
        begin, end = getattr(self, first), getattr(self, last)
        if end < begin:
            raise refuse("time", Phrase("the event ends before it begins"), last)
        if end - begin > LONGEST:
            raise refuse("time", Phrase("an event takes at most {most} days", most=LONGEST.days), last)
        return self

    @property
    def first(self) -> Span:
        """The first occurrence."""
        if self.starts_at and self.ends_at:
            return Span(self.starts_at, self.ends_at)
        return days(self.starts_on or date.min, self.ends_on or date.min, self.time_zone)


class AttendeeOut(BaseModel):
    """An attendee."""

    employee_id: UUID | None
    contact_id: UUID | None
    email: str | None
    name: str | None
    answer: AttendeeAnswer


class CalendarEventOut(PlainOut):
    """An event. Of a private one that the caller does not attend, only the time is shown: `hidden` is true then."""

    uid: str = Field(description="The identifier in iCalendar files.")
    hidden: bool = Field(default=False, description="Whether the event is private, and only its time is shown.")
    subject: str | None
    location: str | None
    text: str | None
    starts_at: datetime | None
    ends_at: datetime | None
    starts_on: date | None
    ends_on: date | None
    begins_at: datetime = Field(description="The first moment of the first occurrence.")
    finishes_at: datetime = Field(description="The end of the first occurrence.")
    until_at: datetime | None = Field(description="The end of the last occurrence; null when there is none.")
    time_zone: str
    recurrence: str | None
    excluded_on: list[date]
    state: EventState
    busy: bool
    private: bool
    organiser_id: UUID | None
    attendees: list[AttendeeOut]
    customer_id: UUID | None
    order_id: UUID | None
    deal_id: UUID | None
    custom: dict[str, Any]


class CalendarEventFilters(Filters):
    """Filters of the list; all given filters must match. Private events are not found by words, nor by a contact or
    what they are about."""

    q: str | None = Field(default=None, max_length=200, description="Words in the subject.")
    state: EventState | None = None
    organiser_id: OwnerId | None = Field(default=None, description="The id of an employee, or `me`.")
    employee_id: UUID | None = Field(default=None, description="An employee who is invited or the organiser.")
    contact_id: UUID | None = Field(default=None, description="A contact who is invited.")
    customer_id: UUID | None = None
    order_id: UUID | None = None
    deal_id: UUID | None = None
    takes_place_from: datetime | None = Field(default=None, description="The last occurrence ends later.")
    takes_place_until: datetime | None = Field(default=None, description="The first occurrence begins earlier.")
    updated_since: datetime | None = None


class Reply(BaseModel):
    """The answer of an attendee; without `employee_id` and `contact_id` that of the caller."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"answer": "accepted"}]})

    answer: AttendeeAnswer
    employee_id: UUID | None = None
    contact_id: UUID | None = None
