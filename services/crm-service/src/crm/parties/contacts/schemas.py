"""Shapes of requests and responses; the shared part is in `party`."""

from party.schemas import ContactFields


class ContactBody(ContactFields):
    """A contact as a client sends it; only `name` is required. `consent` is to marketing."""
