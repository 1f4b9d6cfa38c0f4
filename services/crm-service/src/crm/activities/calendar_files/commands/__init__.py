"""Commands on calendar files."""

from crm.activities.calendar_files.commands.exporting import file_of, file_of_event
from crm.activities.calendar_files.commands.importing import take
from crm.activities.calendar_files.commands.subscribing import revoke, subscribe, subscribed

__all__ = ["file_of", "file_of_event", "revoke", "subscribe", "subscribed", "take"]
