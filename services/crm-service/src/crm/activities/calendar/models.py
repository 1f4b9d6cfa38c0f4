"""The table of calendar events."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Self
from uuid import UUID

from chassis.db import JsonObject, unique
from chassis.errors import Forbidden
from contracts.normalise import name_key
from custom_fields.columns import OwnFields
from records import Plain, word_index
from sqlalchemy import ForeignKeyConstraint, Index, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from crm.activities.calendar.rules import AttendeeAnswer, EventState, Schedule, Span, days
from crm.tables import Base

ABOUT = ("customer", "order", "deal")


class EventPrivate(Forbidden):
    code = "calendar-event-private"
    title = "The event is private"
    detail = "Only its organiser and its attendees change a private event."
    hint = "Ask the organiser."


class NotInvited(Forbidden):
    code = "not-invited"
    title = "The employee is not an attendee of the event"
    hint = "Name an attendee with `employee_id` or `contact_id`, or let the organiser invite the employee."


class CalendarEvent(OwnFields, Plain, Base):
    """An event. It has `starts_at` and `ends_at`, or, if it takes whole days, `starts_on` and `ends_on`.

    `begins_at` and `finishes_at` are those of the first occurrence, `until_at` is the end of the last one, or none.
    The words of a private event cannot be searched. `uid` is the identifier in files of RFC 5545.
    """

    __tablename__ = "calendar_events"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "organiser_id"], ["employees.tenant_id", "employees.id"]),
        *(ForeignKeyConstraint(["tenant_id", f"{n}_id"], [f"{n}s.tenant_id", f"{n}s.id"]) for n in ABOUT),
        unique("id"),
        unique("organiser_id", "uid"),
        *(Index(None, "tenant_id", f"{name}_id") for name in ABOUT),
        Index(None, "tenant_id", "begins_at", "id"),
        Index(None, "tenant_id", "until_at"),
        Index(None, "tenant_id", "updated_at", "id"),
        word_index("calendar_events"),
    )

    uid: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)
    search: Mapped[str] = mapped_column(Text)
    location: Mapped[str | None] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    starts_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    starts_on: Mapped[date | None]
    ends_on: Mapped[date | None]
    begins_at: Mapped[datetime]
    finishes_at: Mapped[datetime]
    until_at: Mapped[datetime | None]
    time_zone: Mapped[str] = mapped_column(Text)
    recurrence: Mapped[str | None] = mapped_column(Text)
    excluded_on: Mapped[list[str]] = mapped_column(JSONB)
    state: Mapped[str] = mapped_column(Text)
    busy: Mapped[bool]
    private: Mapped[bool]
    organiser_id: Mapped[UUID | None]
    attendees: Mapped[list[JsonObject]] = mapped_column(JSONB)
    customer_id: Mapped[UUID | None]
    order_id: Mapped[UUID | None]
    deal_id: Mapped[UUID | None]

    @classmethod
    def blank(cls) -> Self:
        """A new event."""
        return cls(uid="", until_at=None)

    @property
    def schedule(self) -> Schedule:
        """When it takes place."""
        excluded = frozenset(date.fromisoformat(each) for each in self.excluded_on)
        first = Span(self.begins_at, self.finishes_at)
        whole_days = (self.ends_on - self.starts_on).days + 1 if self.starts_on and self.ends_on else 0
        return Schedule(first, self.time_zone, whole_days, self.recurrence, excluded)

    def change(self, values: Mapping[str, Any]) -> None:
        """Set fields from validated values in JSON form; other fields are unchanged."""
        super().change(values)
        if self.starts_on and self.ends_on:
            self.begins_at, self.finishes_at = days(self.starts_on, self.ends_on, self.time_zone)
        elif self.starts_at and self.ends_at:
            self.begins_at, self.finishes_at = self.starts_at, self.ends_at
        self.until_at = self.schedule.ends_at
        self.search = "" if self.private else name_key(self.subject)

    def answer_of(self, employee_id: UUID) -> AttendeeAnswer | None:
        """The answer of an employee, which an organiser has always given; None of somebody who was not invited."""
        if self.organiser_id == employee_id:
            return AttendeeAnswer.ACCEPTED
        own = (each["answer"] for each in self.attendees if each["employee_id"] == str(employee_id))
        return next((AttendeeAnswer(each) for each in own), None)

    def shows_to(self, employee_id: UUID | None) -> bool:
        """Whether an employee may see more than the time."""
        return not self.private or (employee_id is not None and self.answer_of(employee_id) is not None)

    def takes(self, employee_id: UUID) -> EventState | None:
        """Whether it keeps an employee busy: for certain, perhaps, or not at all."""
        answer = self.answer_of(employee_id)
        if not self.busy or self.state == EventState.CANCELLED or answer in (None, AttendeeAnswer.DECLINED):
            return None
        certain = self.state == EventState.CONFIRMED and answer == AttendeeAnswer.ACCEPTED
        return EventState.CONFIRMED if certain else EventState.TENTATIVE
