"""The worker's task: match owners of deals with employees."""

from chassis.service import Running
from chassis.worker import Task
from party import matching

from crm.sales.deals import commands
from crm.sales.deals.models import Deal


def tasks(running: Running) -> dict[str, Task]:
    """The tasks of this module."""
    return {"owners": matching.task(running, Deal, commands.match_owners)}
