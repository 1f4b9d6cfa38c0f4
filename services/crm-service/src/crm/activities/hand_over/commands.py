"""Giving the records of one employee to others, a batch in a transaction."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from chassis import clock
from chassis.db import is_passing
from chassis.errors import Problem
from contracts.activity import TaskState
from jobs import Job
from jobs import commands as jobs
from records import Record, writes
from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from crm.activities.calendar.models import CalendarEvent
from crm.activities.calendar.records import CALENDAR_EVENTS
from crm.activities.hand_over.checks import successors
from crm.activities.hand_over.schemas import HandOver
from crm.activities.mail.models import Mailbox
from crm.activities.mail.records import MAILBOXES
from crm.activities.tasks.models import Task
from crm.activities.tasks.records import TASKS
from crm.parties.customers.models import Customer
from crm.parties.customers.records import CUSTOMERS
from crm.sales.deals.models import Deal
from crm.sales.deals.records import DEALS
from crm.sales.leads.models import Lead
from crm.sales.leads.records import LEADS
from crm.sales.leads.rules import LeadState

BATCH = 200
KIND = "hand-over"
"""The kind of the job."""


class Owned(NamedTuple):
    """Records of an employee: their declaration and table, the field that names the employee, and which of them go to
    another one. The others keep their owner, as history."""

    record: Record[Any, Any, Any]
    table: Any
    field: str
    which: Callable[[], ColumnElement[bool]]

    def of(self, employee_id: UUID) -> tuple[ColumnElement[bool], ...]:
        """Those that this employee hands over."""
        return self.owner == employee_id, self.which()

    @property
    def owner(self) -> Any:
        """The column of the field."""
        return getattr(self.table, self.field)


STEPS: Mapping[str, Owned] = {
    "customers": Owned(CUSTOMERS, Customer, "owner_id", lambda: Customer.archived_at.is_(None)),
    "leads": Owned(
        LEADS,
        Lead,
        "owner_id",
        lambda: Lead.archived_at.is_(None) & Lead.state.not_in((LeadState.CONVERTED, LeadState.DISQUALIFIED)),
    ),
    "deals": Owned(DEALS, Deal, "owner_id", lambda: Deal.state == "open"),
    "tasks": Owned(
        TASKS,
        Task,
        "assignee_id",
        lambda: Task.archived_at.is_(None) & Task.state.in_((TaskState.OPEN, TaskState.STARTED)),
    ),
    "calendar_events": Owned(
        CALENDAR_EVENTS,
        CalendarEvent,
        "organiser_id",
        lambda: (
            CalendarEvent.archived_at.is_(None)
            & or_(CalendarEvent.finishes_at > clock.now(), CalendarEvent.recurrence.is_not(None))
        ),
    ),
    "mailboxes": Owned(MAILBOXES, Mailbox, "owner_id", lambda: Mailbox.archived_at.is_(None)),
}


class Given(NamedTuple):
    """One batch: the last record that was looked at, how many, and why others were not, by id."""

    last_id: UUID | None
    number: int
    refused: dict[str, str]


async def begin(session: AsyncSession, employee_id: UUID, body: HandOver, actor: str) -> Job:
    """Queue the job. Raises `NotFound` and the errors of `successors`."""
    to = await successors(session, employee_id, body)
    return await jobs.enqueue(session, KIND, {"employee_id": str(employee_id), "to_ids": [*map(str, to)]}, actor)


async def give(
    session: AsyncSession, owned: Owned, employee_id: UUID, to: Sequence[str], turn: int, after: UUID | None, actor: str
) -> Given:
    """Give `BATCH` records behind `after` to the new owners in turn, each in a savepoint of its own."""
    chosen = select(owned.table.id).where(*owned.of(employee_id))
    if after is not None:
        chosen = chosen.where(owned.table.id > after)
    ids = (await session.scalars(chosen.order_by(owned.table.id).limit(BATCH))).all()
    number, refused = 0, dict[str, str]()
    for row_id in ids:
        new = to[(turn + number) % len(to)]
        try:
            async with session.begin_nested():
                await writes.change(session, owned.record, row_id, {owned.field: new}, actor, _seen)
            number += 1
        except Problem as problem:
            refused[str(row_id)] = str(problem)
        except Exception as error:
            if is_passing(error):
                raise
            refused[str(row_id)] = type(error).__name__
    return Given(ids[-1] if ids else None, number, refused)


async def counted(session: AsyncSession, employee_id: UUID) -> dict[str, tuple[int, int]]:
    """How many records of each step the employee hands over, and how many it owns in all."""
    found = {}
    for name, owned in STEPS.items():
        counts = select(func.count().filter(owned.which()), func.count()).where(owned.owner == employee_id)
        to_give, of_all = (await session.execute(counts)).one()
        found[name] = to_give, of_all
    return found


def _seen(_row: Any) -> None:
    """A hand-over changes whatever version there is."""
