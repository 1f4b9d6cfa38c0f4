"""The table of tasks; the shared part is in `activities`."""

from activities import TaskColumns, task_indexes
from chassis.db import unique

from crm.activities.interactions.models import AboutDeal, deal_indexes
from crm.tables import Base


class Task(AboutDeal, TaskColumns, Base):
    """Something to do."""

    __tablename__ = "tasks"
    __table_args__ = (unique("id"), *task_indexes("tasks"), *deal_indexes())
