"""Shapes of requests and responses: those of every system, with the deal."""

from uuid import UUID

from activities.schemas import TaskBody, TaskFilters, TaskOut
from pydantic import Field

from crm.activities.interactions.schemas import DEAL


class NewTask(TaskBody):
    """A new task; only `subject` is required. `start`, `complete` and `cancel` change its state."""

    deal_id: UUID | None = Field(default=None, description=DEAL)


class DealTaskOut(TaskOut):
    """A task. `overdue` is true for an open task after it was due."""

    deal_id: UUID | None


class DealTaskFilters(TaskFilters):
    """Filters of the list; all given filters must match. The day of a person: `assignee_id=me`, `open=true` and
    `due_until`, sorted by `due_at`."""

    deal_id: UUID | None = None
