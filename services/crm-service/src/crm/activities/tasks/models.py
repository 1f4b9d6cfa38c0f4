"""The table of tasks; the shared part is in `activities`. Recurrence and reminders are the CRM's own."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from activities import TaskColumns, task_indexes
from chassis.db import unique, uuid7
from contracts.activity import TaskState
from recurrence import Recurrence
from sqlalchemy import ForeignKeyConstraint, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from crm.activities.interactions.models import AboutDeal, deal_indexes
from crm.tables import Base

REPEATED = ("subject", "priority", "assignee_id", "customer_id", "order_id", "deal_id", "notes", "custom")
RULE = {"recurrence", "time_zone"}


class Task(AboutDeal, TaskColumns, Base):
    """Something to do.

    The rule of a task that recurs counts from `recurs_from`; `occurs_at` is the occurrence that the task stands for,
    also when `due_at` is moved. `reminds_at` is derived; `reminded_at` is when that reminder was announced.
    """

    __tablename__ = "tasks"
    __table_args__ = (
        unique("id"),
        unique("previous_id"),
        *task_indexes("tasks"),
        *deal_indexes(),
        ForeignKeyConstraint(["tenant_id", "previous_id"], ["tasks.tenant_id", "tasks.id"]),
        Index(None, "tenant_id", "series_id", "occurs_at", postgresql_where=text("series_id is not null")),
        Index("ix_tasks_reminds_at", "reminds_at", postgresql_where=text("reminded_at is null")),
    )

    recurrence: Mapped[str | None] = mapped_column(Text)
    time_zone: Mapped[str | None] = mapped_column(Text)
    recurs_from: Mapped[datetime | None]
    occurs_at: Mapped[datetime | None]
    series_id: Mapped[UUID | None]
    previous_id: Mapped[UUID | None]
    remind_at: Mapped[datetime | None]
    remind_minutes_before: Mapped[int | None]
    reminds_at: Mapped[datetime | None]
    reminded_at: Mapped[datetime | None]

    def change(self, values: Mapping[str, Any]) -> None:
        """Set fields from validated values in JSON form. Another rule counts from the present due time on."""
        super().change(values)
        if RULE & values.keys():
            self._begin()
        reminds_at = self._reminder()
        if reminds_at != self.reminds_at:
            self.reminds_at, self.reminded_at = reminds_at, None

    def following(self) -> "Task | None":
        """The task of the next occurrence; None when a task does not recur, or its rule has ended."""
        if not (self.recurrence and self.time_zone and self.recurs_from and self.occurs_at):
            return None
        occurs_at = Recurrence(self.recurrence, self.recurs_from, self.time_zone).after(self.occurs_at)
        if occurs_at is None:
            return None
        task = Task.blank()
        for field in (*REPEATED, "recurrence", "time_zone", "recurs_from", "series_id", "remind_minutes_before"):
            setattr(task, field, getattr(self, field))
        task.previous_id, task.occurs_at, task.state = self.id, occurs_at, TaskState.OPEN
        task.remind_at = self.remind_at and self.remind_at + (occurs_at - self.occurs_at)
        checks = [{**item, "id": str(uuid4()), "done": False} for item in self.checks]
        task.change({"due_at": occurs_at.isoformat(), "checks": checks})
        return task

    def _begin(self) -> None:
        self.recurs_from = self.occurs_at = self.due_at if self.recurrence else None
        if self.recurrence:
            self.id = self.id or uuid7()
            self.series_id = self.series_id or self.id

    def _reminder(self) -> datetime | None:
        if self.remind_minutes_before is None or self.due_at is None:
            return self.remind_at
        return self.due_at - timedelta(minutes=self.remind_minutes_before)
