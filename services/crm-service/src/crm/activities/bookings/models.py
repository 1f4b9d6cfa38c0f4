"""The tables of resources and bookings."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from chassis.db import unique
from chassis.errors import Conflict
from contracts.normalise import name_key
from custom_fields.columns import OwnFields
from records import Plain, word_index
from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Text, text
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from crm.activities.calendar.rules import Span
from crm.tables import Base

BOOKED = "coalesce(resource_id, employee_id)"
REFERS = {
    "resource_id": "resources",
    "employee_id": "employees",
    "booked_by_id": "employees",
    "calendar_event_id": "calendar_events",
    "customer_id": "customers",
    "contact_id": "contacts",
}


class DoubleBooking(Conflict):
    code = "double-booking"
    title = "There is another booking at this time"
    detail = "The booking {booking_id} takes the time from {starts_at} to {ends_at}."
    hint = "Choose another time or another resource, or archive the other booking."


class EmployeeBusy(Conflict):
    code = "employee-busy"
    title = "The employee is busy at this time"
    detail = "A calendar event takes the time from {starts_at} to {ends_at}."
    hint = "Choose one of the times in `free`."


class OutsideWorkingTime(Conflict):
    code = "outside-working-time"
    title = "The employee does not work at this time"
    detail = "The working days of the employee are in the time zone {time_zone}."
    hint = "Choose one of the times in `free`."


class ResourceArchived(Conflict):
    code = "resource-archived"
    title = "What is to be booked is archived"
    hint = "Restore it, or book another one."


class Resource(OwnFields, Plain, Base):
    """Something that can be booked."""

    __tablename__ = "resources"
    __table_args__ = (
        unique("id"),
        Index(None, "tenant_id", "name", "id"),
        Index(None, "tenant_id", "updated_at", "id"),
        word_index("resources"),
    )

    name: Mapped[str] = mapped_column(Text)
    search: Mapped[str] = mapped_column(Text)
    type: Mapped[str] = mapped_column(Text)
    location: Mapped[str | None] = mapped_column(Text)
    capacity: Mapped[int | None]
    notes: Mapped[str] = mapped_column(Text)

    def change(self, values: Mapping[str, Any]) -> None:
        """Set fields from validated values in JSON form; other fields are unchanged."""
        super().change(values)
        self.search = name_key(self.name)


class Booking(OwnFields, Plain, Base):
    """A time that a resource or an employee is booked for. The database refuses two bookings that overlap."""

    __tablename__ = "bookings"
    __table_args__ = (
        *(ForeignKeyConstraint(["tenant_id", name], [f"{t}.tenant_id", f"{t}.id"]) for name, t in REFERS.items()),
        unique("id"),
        CheckConstraint("num_nonnulls(resource_id, employee_id) = 1", "booked"),
        CheckConstraint("starts_at < ends_at", "time"),
        ExcludeConstraint(
            (text(f"uuid_range({BOOKED}, {BOOKED}, '[]')"), "&&"),
            (text("tstzrange(starts_at, ends_at)"), "&&"),
            name="ex_bookings_overlap",
            using="gist",
            where=text("archived_at is null"),
        ),
        Index(None, "tenant_id", "resource_id", "starts_at"),
        Index(None, "tenant_id", "employee_id", "starts_at"),
        Index(None, "tenant_id", "calendar_event_id"),
        Index(None, "tenant_id", "customer_id"),
        Index(None, "tenant_id", "starts_at", "id"),
        Index(None, "tenant_id", "updated_at", "id"),
        word_index("bookings"),
    )

    subject: Mapped[str] = mapped_column(Text)
    search: Mapped[str] = mapped_column(Text)
    resource_id: Mapped[UUID | None]
    employee_id: Mapped[UUID | None]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    booked_by_id: Mapped[UUID | None]
    calendar_event_id: Mapped[UUID | None]
    customer_id: Mapped[UUID | None]
    contact_id: Mapped[UUID | None]
    notes: Mapped[str] = mapped_column(Text)

    @property
    def span(self) -> Span:
        """When it is booked."""
        return Span(self.starts_at, self.ends_at)

    def change(self, values: Mapping[str, Any]) -> None:
        """Set fields from validated values in JSON form; other fields are unchanged."""
        super().change(values)
        self.search = name_key(self.subject)
