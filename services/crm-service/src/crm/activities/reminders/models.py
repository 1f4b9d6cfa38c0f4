"""The table of reminders."""

from datetime import datetime
from uuid import UUID

from chassis.db import unique, uuid7
from sqlalchemy import ForeignKeyConstraint, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from crm.tables import Base


class TaskReminder(Base):
    """A reminder that was due. A task has one for each time."""

    __tablename__ = "task_reminders"
    __table_args__ = (
        unique("id"),
        unique("task_id", "reminds_at"),
        ForeignKeyConstraint(["tenant_id", "task_id"], ["tasks.tenant_id", "tasks.id"]),
        Index(None, "tenant_id", "employee_id", "reminds_at"),
        Index(None, "tenant_id", "reminds_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    task_id: Mapped[UUID]
    employee_id: Mapped[UUID | None]
    customer_id: Mapped[UUID | None]
    subject: Mapped[str] = mapped_column(Text)
    priority: Mapped[str] = mapped_column(Text)
    reminds_at: Mapped[datetime]
    due_at: Mapped[datetime | None]
    announced_at: Mapped[datetime]
