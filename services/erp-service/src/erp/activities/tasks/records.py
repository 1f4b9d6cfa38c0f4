"""The declaration of tasks."""

from activities import task_record

from erp.activities.interactions.records import PARTIES
from erp.activities.tasks.events import TASK
from erp.activities.tasks.models import Task

TASKS = task_record(Task, TASK, PARTIES)
