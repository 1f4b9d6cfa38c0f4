"""Shapes of requests and responses; `party` holds what they are in every service."""

from uuid import UUID

from contracts.customer import Credit, LegalEntity, PaymentTerms
from party import schemas as party
from pydantic import Field


class LegalEntityBody(LegalEntity):
    """A legal entity by which the customer deals; with `id` one that is there already.

    A tax id that is not one of its country is kept and marked (`tax_id_valid`): the front office notes what it hears.
    """

    id: UUID | None = None


class CustomerBody(party.CustomerFields):
    """A customer as its users write it; only `name` is required. `payment_terms` and `credit` belong to the ERP."""

    legal_entities: list[LegalEntityBody] = Field(default=[], max_length=50)
    payment_terms: PaymentTerms | None = Field(default=None, description="Read-only here: the ERP keeps it.")
    credit: Credit | None = Field(default=None, description="Read-only here: the ERP keeps it.")


class LegalEntityOut(party.LegalEntityShown):
    """A legal entity, with what became of its tax id: its one form, and whether it is one of its country."""

    tax_id_valid: bool | None


class CustomerOut(party.CustomerShown):
    """A customer. `email_key` and `phone_e164` are what was understood of `email` and `phone`."""

    legal_entities: list[LegalEntityOut]


class CustomerFilters(party.CustomerFilters):
    """What a list may be narrowed by; all that are given must hold."""
