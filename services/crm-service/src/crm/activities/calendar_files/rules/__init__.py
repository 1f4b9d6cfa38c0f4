"""Tokens of subscriptions, and the events of files. Pure."""

from crm.activities.calendar_files.rules.reading import FileEvent, NotTaken, Unreadable, read
from crm.activities.calendar_files.rules.tokens import FORM, Presented, digest, new_token, presented

__all__ = ["FORM", "FileEvent", "NotTaken", "Presented", "Unreadable", "digest", "new_token", "presented", "read"]
