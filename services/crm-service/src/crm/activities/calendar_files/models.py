"""The table of subscriptions."""

from datetime import datetime
from uuid import UUID

from chassis import clock
from chassis.db import unique, uuid7
from chassis.errors import Conflict, Malformed, NotFound, UnsupportedMediaType
from sqlalchemy import ForeignKeyConstraint, Index, LargeBinary, Text
from sqlalchemy.orm import Mapped, mapped_column

from crm.tables import Base


class CalendarUnreadable(Malformed):
    code = "calendar-unreadable"
    title = "The file is not an iCalendar file"
    detail = "{reason}."
    hint = "Send one calendar as RFC 5545 says, beginning with BEGIN:VCALENDAR; nothing was stored."


class NotACalendar(UnsupportedMediaType):
    code = "not-a-calendar"
    title = "The request is not an iCalendar file"
    hint = "Send the file as it is, with `Content-Type: text/calendar`."


class CalendarUnknown(NotFound):
    code = "calendar-unknown"
    title = "There is no such calendar"
    hint = "The subscription may have been revoked: make another one."


class TooManySubscriptions(Conflict):
    code = "too-many-calendar-subscriptions"
    title = "There are as many subscriptions as are allowed"
    detail = "An employee has {most} subscriptions at most."
    hint = "Revoke one that is not used any more."


class CalendarSubscription(Base):
    """An address at which programs read the calendar of an employee. Of its token only the digest is kept."""

    __tablename__ = "calendar_subscriptions"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "employee_id"], ["employees.tenant_id", "employees.id"]),
        unique("id"),
        Index(None, "tenant_id", "employee_id", "created_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    employee_id: Mapped[UUID]
    name: Mapped[str] = mapped_column(Text)
    only_times: Mapped[bool]
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    last_read_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
