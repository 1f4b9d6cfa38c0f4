"""Shapes of requests and responses; the shared part is in `party`."""

from typing import Annotated
from uuid import UUID

from contracts.customer import VerifiedLegalEntity
from party import schemas as party
from pydantic import BeforeValidator, Field


class LegalEntityBody(VerifiedLegalEntity):
    """A legal entity under which the customer trades; with `id` an existing one.

    An invalid tax id is refused.
    """

    id: UUID | None = None


class CustomerBody(party.CustomerFields):
    """A customer as a client sends it; only `name` is required."""

    legal_entities: list[LegalEntityBody] = Field(default=[], max_length=50)


class LegalEntityOut(party.LegalEntityShown):
    """A legal entity; `tax_id_key` is its normalised tax id."""


class CustomerOut(party.CustomerShown):
    """A customer. `email_key` and `phone_e164` are the normalised forms of `email` and `phone`."""

    number: Annotated[str, BeforeValidator(lambda number: number or "")] = Field(description="Empty for a prospect.")
    legal_entities: list[LegalEntityOut]


class CustomerFilters(party.CustomerFilters):
    """Filters of the list; all given filters must match."""

    q: str | None = Field(default=None, max_length=200, description="Words in name, e-mail or phone; or the number.")
    number: str | None = Field(default=None, examples=["C-000001"])
