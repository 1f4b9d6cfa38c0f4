"""The worker's task: match owners that are texts with employees, many customers at a time."""

from chassis.service import Running
from chassis.worker import Task
from party import matching

from erp.parties.customers import commands
from erp.parties.customers.models import Customer


def tasks(running: Running) -> dict[str, Task]:
    """The tasks of this module."""
    return {"owners": matching.task(running, Customer, commands.match_owners)}
