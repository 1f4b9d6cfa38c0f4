"""Values of the groups of interactions and tasks, and the states of a task."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

from pydantic import Field, StrictBool

from contracts.references import AnyReference
from contracts.text import NameText, ShortText
from contracts.values import Value

MOST_PARTICIPANTS = 100
MOST_CHECKS = 100

Minutes = Annotated[int, Field(strict=True, ge=0, le=10_080)]
"""A duration in minutes, at most seven days."""


class Channel(StrEnum):
    """How people were in contact; `in` came from the other party, `out` from us."""

    MEETING = "meeting"
    CALL_IN = "call_in"
    CALL_OUT = "call_out"
    EMAIL_IN = "email_in"
    EMAIL_OUT = "email_out"
    SMS = "sms"
    MESSAGE = "message"
    NOTE = "note"


class Priority(StrEnum):
    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    URGENT = "urgent"


class TaskState(StrEnum):
    OPEN = "open"
    STARTED = "started"
    DONE = "done"
    CANCELLED = "cancelled"


NEXT_TASK_STATES: Mapping[TaskState, tuple[TaskState, ...]] = {
    TaskState.OPEN: (TaskState.STARTED, TaskState.DONE, TaskState.CANCELLED),
    TaskState.STARTED: (TaskState.DONE, TaskState.CANCELLED),
    TaskState.DONE: (),
    TaskState.CANCELLED: (),
}
"""The allowed transitions. `done` in one system and `cancelled` in the other cannot be joined: a person decides."""


class ContactPresence(Value):
    """A contact who takes part, by the id that the sender gives the contact."""

    contact: ShortText


class GoldenContactPresence(ContactPresence):
    """The same in the hub."""

    contact: AnyReference  # type: ignore[assignment]  # the one field that the hub names in its own way


class CheckItem(Value):
    """One item of a check list; `position` orders the list."""

    position: Annotated[int, Field(strict=True, ge=0, le=999)]
    text: NameText
    done: StrictBool = False
