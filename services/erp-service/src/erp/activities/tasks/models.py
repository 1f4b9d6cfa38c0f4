"""The table of tasks; the shared part is in `activities`."""

from activities import TaskColumns, task_indexes
from chassis.db import unique

from erp.tables import Base


class Task(TaskColumns, Base):
    """Something to do."""

    __tablename__ = "tasks"
    __table_args__ = (unique("id"), *task_indexes("tasks"))
