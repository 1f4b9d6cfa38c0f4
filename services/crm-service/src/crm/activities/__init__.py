"""Activities: interactions, tasks, calendar and mail."""

from crm.activities import calendar, free_busy, interactions, mail, reminders, tasks

MODULES = (
    interactions.MODULE,
    tasks.MODULE,
    reminders.MODULE,
    calendar.MODULE,
    free_busy.MODULE,
    mail.MODULE,
)
