"""The declaration of tasks."""

from activities import task_record

from crm.activities.interactions.records import PARTIES
from crm.activities.tasks.events import TASK
from crm.activities.tasks.models import Task

TASKS = task_record(Task, TASK, PARTIES)
