"""Shapes of requests and responses about interactions and tasks, and their filters."""

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID, uuid4

from chassis import clock
from chassis.replication import Shown
from contracts.activity import MOST_CHECKS, MOST_PARTICIPANTS, Channel, Minutes, Priority, TaskState
from contracts.custom import OwnValues
from contracts.text import NameText, NotesText, OptionalNameText, refuse
from contracts.values import Moment
from party.owners import OwnerId
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from records import SharedFilters

ABOUT = "The customer that it is about."
ASSIGNEE = "The employee who does it. Default for a new task: the caller, if the caller is an employee."


def _each_once(ids: list[UUID]) -> list[UUID]:
    return sorted(set(ids))


Participants = Annotated[list[UUID], Field(max_length=MOST_PARTICIPANTS), AfterValidator(_each_once)]


class InteractionBody(BaseModel):
    """An interaction: `channel` and `subject` are required; `started_at` is now by default."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "channel": "call_out",
                    "subject": "Asked about the tea for the canteen",
                    "text": "Wants an offer by Monday, twelve cases a month.",
                    "outcome": "Offer requested",
                    "started_at": "2026-11-27T09:30:00Z",
                    "minutes": 12,
                }
            ]
        },
    )

    channel: Channel
    subject: NameText
    text: NotesText = ""
    outcome: OptionalNameText = Field(default=None, description="What came of it.")
    started_at: Moment = Field(default_factory=clock.now)
    minutes: Minutes | None = Field(default=None, description="The duration.")
    customer_id: UUID | None = Field(default=None, description=ABOUT)
    order_id: UUID | None = Field(default=None, description="The order that it is about.")
    contact_ids: Participants = Field(default=[], description="Contacts who take part.")
    employee_ids: Participants = Field(default=[], description="Employees who take part.")
    custom: OwnValues = {}


class InteractionOut(Shown):
    """An interaction."""

    channel: Channel
    subject: str
    text: str
    outcome: str | None
    started_at: datetime
    minutes: int | None
    customer_id: UUID | None
    order_id: UUID | None
    contact_ids: list[UUID]
    employee_ids: list[UUID]
    custom: dict[str, Any]


class AboutFilters(SharedFilters):
    """Filters of the list; all given filters must match."""

    q: str | None = Field(default=None, max_length=200, description="Words in the subject.")
    customer_id: UUID | None = None
    order_id: UUID | None = None


class InteractionFilters(AboutFilters):
    """Filters of the list; all given filters must match."""

    channel: Channel | None = None
    contact_id: UUID | None = Field(default=None, description="A contact who takes part.")
    employee_id: UUID | None = Field(default=None, description="An employee who takes part.")
    started_from: datetime | None = None
    started_until: datetime | None = None


class Check(BaseModel):
    """One item of a check list. An item without an `id` is a new one."""

    model_config = ConfigDict(extra="forbid")

    id: UUID = Field(default_factory=uuid4)
    text: NameText
    done: bool = Field(default=False, strict=True)


class TaskBody(BaseModel):
    """A task; only `subject` is required. `start`, `complete` and `cancel` change its state."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "subject": "Send the offer",
                    "due_at": "2026-11-30T12:00:00Z",
                    "priority": "high",
                    "checks": [{"text": "Ask for the price of the cases"}],
                }
            ]
        },
    )

    subject: NameText
    priority: Priority = Priority.NORMAL
    due_at: Moment | None = None
    assignee_id: UUID | None = Field(default=None, description=ASSIGNEE)
    customer_id: UUID | None = Field(default=None, description=ABOUT)
    order_id: UUID | None = Field(default=None, description="The order that it is about.")
    checks: Annotated[list[Check], Field(max_length=MOST_CHECKS)] = Field(
        default=[], description="The whole check list, in its order; an item keeps its `id`."
    )
    notes: NotesText = ""
    custom: OwnValues = {}

    @model_validator(mode="after")
    def _each_item_once(self) -> Self:
        ids = [item.id for item in self.checks]
        if len(set(ids)) < len(ids):
            raise refuse("checks", "two items have the same id: leave the id of a new item out", "checks")
        return self


class CheckOut(BaseModel):
    """One item of a check list."""

    id: UUID
    text: str
    done: bool


class TaskOut(Shown):
    """A task. `overdue` is true for an open task after it was due."""

    subject: str
    state: TaskState
    priority: Priority
    due_at: datetime | None
    overdue: bool
    assignee_id: UUID | None
    customer_id: UUID | None
    order_id: UUID | None
    checks: list[CheckOut]
    notes: str
    custom: dict[str, Any]


class TaskFilters(AboutFilters):
    """Filters of the list; all given filters must match. The day of a person: `assignee_id=me`, `open=true` and
    `due_until`, sorted by `due_at`."""

    state: TaskState | None = None
    priority: Priority | None = None
    assignee_id: OwnerId | None = Field(default=None, description="The id of an employee, or `me`.")
    open: bool | None = Field(default=None, description="Neither done nor cancelled; or, if false, one of both.")
    overdue: bool | None = Field(default=None, description="Open after it was due.")
    due_from: datetime | None = None
    due_until: datetime | None = None
