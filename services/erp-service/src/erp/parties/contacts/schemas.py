"""Shapes of requests and responses; the shared part is in `party`."""

from contracts.contact import Consent
from party.schemas import ContactFields
from pydantic import Field


class ContactBody(ContactFields):
    """A contact as a client sends it; only `name` is required. `consent` belongs to the CRM."""

    consent: Consent | None = Field(default=None, description="Read-only here: the CRM owns it.")
