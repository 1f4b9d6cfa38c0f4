"""Reminders of tasks: each is announced once, in the transaction that writes it."""

from modules import Module

from crm.activities.reminders import handlers
from crm.activities.reminders.commands import TASK_REMINDER
from crm.activities.reminders.records import TASK_REMINDERS

MODULE = Module(records=(TASK_REMINDERS,), announced=(TASK_REMINDER,), tasks=handlers.tasks, option="activities")
