"""Shapes of answers about busy times."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field


class BusyTime(BaseModel):
    """A time in which an employee is busy. What for is shown to whoever may see the event."""

    starts_at: datetime
    ends_at: datetime
    state: Literal["confirmed", "tentative"]
    calendar_event_id: UUID | None = None
    booking_id: UUID | None = None
    subject: str | None = Field(default=None, description="Null when the event is private.")
    location: str | None = None


class EmployeeBusy(BaseModel):
    """The busy times of one employee, in order; they may overlap."""

    employee_id: UUID
    busy: list[BusyTime]


class FreeBusy(BaseModel):
    """The busy times of employees."""

    starts_at: datetime
    ends_at: datetime
    employees: list[EmployeeBusy]
