"""Shapes of answers about reminders, and their filters."""

from datetime import datetime
from uuid import UUID

from contracts.activity import Priority
from pydantic import BaseModel, ConfigDict


class TaskReminderOut(BaseModel):
    """A reminder, with the task as it was then. `employee_id` is the assignee."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    task_id: UUID
    employee_id: UUID | None
    customer_id: UUID | None
    subject: str
    priority: Priority
    reminds_at: datetime
    due_at: datetime | None
    announced_at: datetime


class TaskReminderFilters(BaseModel):
    """Filters of the list; all given filters must match."""

    task_id: UUID | None = None
    employee_id: UUID | None = None
