"""Activities: interactions, tasks and mail."""

from crm.activities import interactions, mail, reminders, tasks

MODULES = (interactions.MODULE, tasks.MODULE, reminders.MODULE, mail.MODULE)
