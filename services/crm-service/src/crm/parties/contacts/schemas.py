"""Shapes of requests and responses; `party` holds what they are in every service."""

from party.schemas import ContactFields, ContactFilters, ContactOut

__all__ = ["ContactBody", "ContactFilters", "ContactOut"]


class ContactBody(ContactFields):
    """A contact as its users write it; only `name` is required. `consent` is to marketing."""
