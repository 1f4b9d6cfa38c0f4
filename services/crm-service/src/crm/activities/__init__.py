"""Activities: interactions, tasks, calendar, bookings, mail and text messages."""

from crm.activities import (
    bookings,
    calendar,
    calendar_files,
    free_busy,
    hand_over,
    interactions,
    mail,
    messages,
    reminders,
    tasks,
)

MODULES = (
    interactions.MODULE,
    calendar.MODULE,
    tasks.MODULE,
    reminders.MODULE,
    bookings.MODULE,
    calendar_files.MODULE,
    free_busy.MODULE,
    mail.MODULE,
    messages.MODULE,
    hand_over.MODULE,
)
