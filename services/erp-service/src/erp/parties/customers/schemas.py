"""Shapes of requests and responses; the shared part is in `party`."""

from uuid import UUID

from contracts.customer import VerifiedLegalEntity
from party import schemas as party
from pydantic import Field


class LegalEntityBody(VerifiedLegalEntity):
    """A legal entity by which the customer deals; with `id` one that is there already.

    The books take no tax id that is not one of its country.
    """

    id: UUID | None = None


class CustomerBody(party.CustomerFields):
    """A customer as a client sends it; only `name` is required."""

    legal_entities: list[LegalEntityBody] = Field(default=[], max_length=50)


class LegalEntityOut(party.LegalEntityShown):
    """A legal entity; `tax_id_key` is the one form of its tax id."""


class CustomerOut(party.CustomerShown):
    """A customer. `email_key` and `phone_e164` are the normalised forms of `email` and `phone`."""

    number: str
    legal_entities: list[LegalEntityOut]


class CustomerFilters(party.CustomerFilters):
    """Filters of the list; all given filters must match."""

    q: str | None = Field(default=None, max_length=200, description="Words in name, e-mail or phone; or the number.")
    number: str | None = Field(default=None, examples=["C-000001"])
