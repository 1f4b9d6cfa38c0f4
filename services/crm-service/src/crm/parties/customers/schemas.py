"""Shapes of requests and responses; the shared part is in `party`."""

from uuid import UUID

from contracts.customer import Credit, LegalEntity, PaymentTerms
from party import schemas as party
from pydantic import Field


class LegalEntityBody(LegalEntity):
    """A legal entity under which the customer trades; with `id` an existing one.

    An invalid tax id is stored and marked (`tax_id_valid`), because sales staff enter what they are told.
    """

    id: UUID | None = None


class CustomerBody(party.CustomerFields):
    """A customer as a client sends it; only `name` is required. `payment_terms` and `credit` belong to the ERP."""

    legal_entities: list[LegalEntityBody] = Field(default=[], max_length=50)
    payment_terms: PaymentTerms | None = Field(default=None, description="Read-only here: the ERP owns it.")
    credit: Credit | None = Field(default=None, description="Read-only here: the ERP owns it.")


class LegalEntityOut(party.LegalEntityShown):
    """A legal entity with its normalised tax id, and whether the id is valid in its country."""

    tax_id_valid: bool | None


class CustomerOut(party.CustomerShown):
    """A customer. `email_key` and `phone_e164` are the normalised forms of `email` and `phone`."""

    legal_entities: list[LegalEntityOut]
