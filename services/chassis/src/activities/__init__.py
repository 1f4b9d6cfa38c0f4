"""Interactions and tasks, as every service holds them: columns, shapes, groups, declarations and the verbs of a task.

A service puts the columns on its base and names the records that they refer to.
"""

from activities.columns import InteractionColumns, TaskColumns, interaction_indexes, task_indexes
from activities.groups import presences
from activities.records import Parties, interaction_record, task_record
from activities.routes import task_actions

__all__ = [
    "InteractionColumns",
    "Parties",
    "TaskColumns",
    "interaction_indexes",
    "interaction_record",
    "presences",
    "task_actions",
    "task_indexes",
    "task_record",
]
