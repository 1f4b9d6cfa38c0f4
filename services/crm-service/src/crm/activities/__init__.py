"""Activities: interactions and tasks."""

from crm.activities import interactions, tasks

MODULES = (interactions.MODULE, tasks.MODULE)
