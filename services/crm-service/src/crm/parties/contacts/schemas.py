"""Shapes of requests and responses; the shared part is in `party`."""

from party.schemas import ContactFields, ContactFilters, ContactOut

__all__ = ["ContactBody", "ContactFilters", "ContactOut"]


class ContactBody(ContactFields):
    """A contact as a client sends it; only `name` is required. `consent` is to marketing."""
