"""Activities: interactions and tasks."""

from erp.activities import interactions, tasks

MODULES = (interactions.MODULE, tasks.MODULE)
