"""The declaration of reminders."""

from records import READ_ONLY, Record

from crm.activities.reminders.models import TaskReminder
from crm.activities.reminders.schemas import TaskReminderFilters, TaskReminderOut
from crm.activities.tasks.records import TASKS
from crm.parties.customers.records import CUSTOMERS
from crm.people.employees.records import EMPLOYEES

TASK_REMINDERS = Record(
    "task_reminder",
    scope="activities",
    tag="tasks",
    row=TaskReminder,
    out=TaskReminderOut,
    filters=TaskReminderFilters,
    sort=("reminds_at",),
    order="-reminds_at",
    verbs=READ_ONLY,
    expands={"task_id": TASKS, "employee_id": EMPLOYEES, "customer_id": CUSTOMERS},
    annotated=False,
)
