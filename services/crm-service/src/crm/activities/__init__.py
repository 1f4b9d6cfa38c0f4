"""Activities: interactions, tasks and mail."""

from crm.activities import interactions, mail, tasks

MODULES = (interactions.MODULE, tasks.MODULE, mail.MODULE)
