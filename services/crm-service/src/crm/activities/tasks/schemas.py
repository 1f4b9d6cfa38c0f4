"""Shapes of tasks in the CRM: those of every service, with the deal, recurrence and reminders."""

from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID

import activities.schemas as shared
from contracts.text import refuse
from contracts.values import Moment
from localisation import Phrase
from pydantic import BaseModel, Field, model_validator
from recurrence import Rule, ZoneName, company_zone

from crm.activities.calendar.rules import EventState
from crm.activities.interactions.schemas import DEAL

FOUR_WEEKS = 40_320
MinutesBefore = Annotated[int, Field(strict=True, ge=0, le=FOUR_WEEKS)]
RECURRENCE = (
    "A rule of RFC 5545 with the frequency DAILY, WEEKLY, MONTHLY or YEARLY. Completing the task creates the one of "
    "the next occurrence after `due_at`; a cancelled or archived one is the last. Null ends the recurrence."
)


class TaskBody(shared.TaskBody):
    """A task; only `subject` is required. `start`, `complete` and `cancel` change its state."""

    recurrence: Rule | None = Field(default=None, description=RECURRENCE, examples=["FREQ=WEEKLY;BYDAY=MO"])
    time_zone: ZoneName = Field(
        default_factory=company_zone,
        description="The IANA zone in which occurrences keep their local time. Default: the company's.",
    )
    remind_at: Moment | None = Field(default=None, description="When a reminder is announced, once.")
    remind_minutes_before: MinutesBefore | None = Field(
        default=None, description="Minutes before `due_at` at which a reminder is announced, instead of `remind_at`."
    )

    @model_validator(mode="after")
    def _has_the_time_it_counts_from(self) -> Self:
        if self.recurrence and self.due_at is None:
            raise refuse("recurrence", Phrase("a task that recurs needs `due_at`"), "due_at")
        if self.remind_minutes_before is not None and self.due_at is None:
            raise refuse("reminder", Phrase("minutes before `due_at` need `due_at`"), "due_at")
        if self.remind_minutes_before is not None and self.remind_at is not None:
            raise refuse("reminder", Phrase("give `remind_at` or `remind_minutes_before`, not both"), "remind_at")
        return self


class NewTask(TaskBody):
    """A new task; only `subject` is required. `start`, `complete` and `cancel` change its state."""

    deal_id: UUID | None = Field(default=None, description=DEAL)


class DealTaskOut(shared.TaskOut):
    """A task. `overdue` is true for an open task after it was due."""

    deal_id: UUID | None
    recurrence: str | None
    time_zone: str | None
    occurs_at: datetime | None = Field(description="The occurrence that this task stands for.")
    series_id: UUID | None = Field(description="The first task of the recurrence.")
    previous_id: UUID | None = Field(description="The task of the occurrence before.")
    remind_at: datetime | None
    remind_minutes_before: int | None
    reminds_at: datetime | None = Field(description="When the reminder is or was due.")
    reminded_at: datetime | None = Field(description="When the reminder was announced.")


class DealTaskFilters(shared.TaskFilters):
    """Filters of the list; all given filters must match. The day of a person: `GET /v1/tasks:my-day`."""

    deal_id: UUID | None = None
    series_id: UUID | None = Field(default=None, description="The first task of a recurrence.")


class Appointment(BaseModel):
    """One occurrence of a calendar event. Of a private one that the caller does not attend, only the time is shown."""

    calendar_event_id: UUID
    starts_at: datetime
    ends_at: datetime
    state: EventState
    subject: str | None
    location: str | None


class MyDay(BaseModel):
    """The open tasks of an employee on one day, by due time, at most 200 in each list; and the appointments."""

    employee_id: UUID
    time_zone: str
    day: date
    overdue: list[DealTaskOut] = Field(description="Due before the day.")
    due: list[DealTaskOut] = Field(description="Due on the day.")
    started: list[DealTaskOut] = Field(description="Started, and without a due time or due later.")
    appointments: list[Appointment] = Field(
        description="Calendar events that the employee organises or has not declined, in order."
    )
