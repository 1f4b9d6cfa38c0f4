"""HTTP of tasks."""

from activities import task_actions
from records import routes

from crm.activities.tasks.records import TASKS

routers = (routes(TASKS), task_actions(TASKS))
