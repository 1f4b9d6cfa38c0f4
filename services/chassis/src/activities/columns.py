"""The columns of interactions and tasks."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from chassis import clock
from chassis.db import JsonObject
from chassis.replication import Replicated
from contracts.activity import Priority, TaskState
from contracts.normalise import name_key
from custom_fields.columns import OwnFields
from records import column_value, word_index
from sqlalchemy import ForeignKeyConstraint, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

EMPTY = text("'{}'")
OPEN_STATES = (TaskState.OPEN, TaskState.STARTED)


class About(OwnFields, Replicated):
    """A record about a customer and, if it is named, an order. `search` is derived from the texts."""

    customer_id: Mapped[UUID | None]
    order_id: Mapped[UUID | None]
    subject: Mapped[str] = mapped_column(Text)
    search: Mapped[str] = mapped_column(Text)

    def change(self, values: Mapping[str, Any]) -> None:
        """Set fields from validated values in JSON form; other fields are unchanged."""
        for field, value in values.items():
            setattr(self, field, column_value(type(self), field, value))
        self.search = name_key(self.subject)


class InteractionColumns(About):
    """Something that people said to each other. `contact` and `employee` are ids of participants, by the id that each
    participation has in every system."""

    channel: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    outcome: Mapped[str | None] = mapped_column(Text)
    started_at: Mapped[datetime]
    minutes: Mapped[int | None]
    contact: Mapped[JsonObject] = mapped_column(server_default=EMPTY)
    employee: Mapped[JsonObject] = mapped_column(server_default=EMPTY)

    @classmethod
    def blank(cls) -> Self:
        """A new interaction with the defaults."""
        table: Any = cls
        row: Self = table(
            customer_id=None,
            order_id=None,
            subject="",
            search="",
            text="",
            outcome=None,
            started_at=clock.now(),
            minutes=None,
            contact={},
            employee={},
        )
        return row

    @property
    def contact_ids(self) -> list[UUID]:
        """The contacts who take part, each once."""
        return sorted({UUID(each) for each in self.contact.values()})

    @property
    def employee_ids(self) -> list[UUID]:
        """The employees who take part, each once."""
        return sorted({UUID(each) for each in self.employee.values()})

    def change(self, values: Mapping[str, Any]) -> None:
        """Set fields from validated values in JSON form. A new participation gets its id as its name."""
        plain = dict(values)
        for family in ("contact", "employee"):
            ids = plain.pop(f"{family}_ids", None)
            if ids is not None:
                setattr(self, family, _named(getattr(self, family), ids))
        super().change(plain)


class TaskColumns(About):
    """Something to do. `checks` are the items of its check list, by the id that each has in every system."""

    state: Mapped[str] = mapped_column(Text)
    priority: Mapped[str] = mapped_column(Text)
    due_at: Mapped[datetime | None]
    assignee_id: Mapped[UUID | None]
    check: Mapped[JsonObject] = mapped_column(server_default=EMPTY)
    notes: Mapped[str] = mapped_column(Text)

    @classmethod
    def blank(cls) -> Self:
        """A new open task with the defaults."""
        table: Any = cls
        row: Self = table(
            customer_id=None,
            order_id=None,
            subject="",
            search="",
            state=TaskState.OPEN,
            priority=Priority.NORMAL,
            due_at=None,
            assignee_id=None,
            check={},
            notes="",
        )
        return row

    @property
    def checks(self) -> list[dict[str, Any]]:
        """The check list in its order."""
        items = [{"id": member, **item} for member, item in self.check.items()]
        return sorted(items, key=lambda item: (item["position"], item["id"]))

    @property
    def overdue(self) -> bool:
        """Whether the task is open after it was due."""
        return self.state in OPEN_STATES and self.due_at is not None and self.due_at < clock.now()

    def change(self, values: Mapping[str, Any]) -> None:
        """Set fields from validated values in JSON form; `checks` is the whole list, in its order."""
        plain = dict(values)
        checks = plain.pop("checks", None)
        if checks is not None:
            self.check = {
                item["id"]: {"position": place, "text": item["text"], "done": item["done"]}
                for place, item in enumerate(checks)
            }
        if "check" in plain:
            plain["check"] = {member: item for member, item in plain["check"].items() if item is not None}
        super().change(plain)


def _named(known: Mapping[str, str], ids: list[str]) -> dict[str, str]:
    kept = {member: each for member, each in known.items() if each in ids}
    return {**kept, **{each: each for each in ids if each not in kept.values()}}


def interaction_indexes(table: str) -> tuple[ForeignKeyConstraint | Index, ...]:
    """References, and what lists are sorted and filtered by."""
    return (*_about(table), Index(None, "tenant_id", "started_at", "id"))


def task_indexes(table: str) -> tuple[ForeignKeyConstraint | Index, ...]:
    """References, and what lists are sorted and filtered by."""
    return (
        *_about(table),
        ForeignKeyConstraint(["tenant_id", "assignee_id"], ["employees.tenant_id", "employees.id"]),
        Index(None, "tenant_id", "assignee_id", "due_at"),
        Index(None, "tenant_id", "due_at", "id"),
    )


def _about(table: str) -> tuple[ForeignKeyConstraint | Index, ...]:
    return (
        ForeignKeyConstraint(["tenant_id", "customer_id"], ["customers.tenant_id", "customers.id"]),
        ForeignKeyConstraint(["tenant_id", "order_id"], ["orders.tenant_id", "orders.id"]),
        Index(None, "tenant_id", "customer_id"),
        Index(None, "tenant_id", "order_id"),
        Index(None, "tenant_id", "updated_at", "id"),
        word_index(table),
    )
