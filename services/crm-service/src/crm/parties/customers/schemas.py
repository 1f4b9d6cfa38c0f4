"""Shapes of requests and responses."""

from datetime import date, datetime
from typing import Annotated, Any, Literal, TypeVar
from uuid import UUID

from chassis.replication import Shown
from contracts.custom import FieldKey, Scalar
from contracts.customer import Address, Credit, LegalEntity, PartyKind, PaymentTerms
from contracts.text import NameText, NotesText, OptionalShortText, blank_to_none
from contracts.values import CountryCode, CurrencyCode, EmailText, Language, PhoneText, Tag, Website
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

T = TypeVar("T")
Optional = Annotated[T | None, BeforeValidator(blank_to_none)]
Custom = Annotated[dict[FieldKey, Scalar], Field(max_length=100)]


class LegalEntityBody(LegalEntity):
    """A legal entity by which the customer deals; with `id` one that is there already.

    A tax id that is not one of its country is kept and marked (`tax_id_valid`): the front office notes what it hears.
    """

    id: UUID | None = None


class CustomerBody(BaseModel):
    """A customer as its users write it; only `name` is required. `payment_terms` and `credit` belong to the ERP."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "name": "Alfreds Futterkiste",
                    "kind": "company",
                    "phone": "030-0074321",
                    "billing_address": {
                        "lines": ["Obere Str. 57"],
                        "postal_code": "12209",
                        "city": "Berlin",
                        "country": "DE",
                    },
                    "tags": ["retail"],
                }
            ]
        },
    )

    name: NameText
    kind: PartyKind = PartyKind.COMPANY
    email: Optional[EmailText] = None
    phone: Optional[PhoneText] = None
    website: Optional[Website] = None
    billing_address: Address | None = None
    shipping_address: Address | None = None
    language: Optional[Language] = None
    currency: Optional[CurrencyCode] = None
    owner: OptionalShortText = Field(default=None, description="The account manager.")
    segment: OptionalShortText = None
    source: OptionalShortText = Field(default=None, description="How the customer heard of us.")
    tags: Annotated[list[Tag], Field(max_length=100)] = []
    notes: NotesText = ""
    custom: Custom = Field(default={}, description="Values of your own fields, see /v1/custom-fields.")
    legal_entities: Annotated[list[LegalEntityBody], Field(max_length=50)] = []
    payment_terms: PaymentTerms | None = Field(default=None, description="Read-only here: the ERP keeps it.")
    credit: Credit | None = Field(default=None, description="Read-only here: the ERP keeps it.")


class LegalEntityOut(BaseModel):
    """A legal entity, with what became of its tax id: its one form, and whether it is one of its country."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    legal_name: str
    country: str | None
    tax_id: str | None
    tax_id_key: str | None
    tax_id_valid: bool | None
    registration: str | None
    valid_from: date | None
    valid_to: date | None


class AddressOut(BaseModel):
    """An address as it stands."""

    lines: list[str]
    postal_code: str | None
    city: str | None
    region: str | None
    country: str | None


class CustomerOut(Shown):
    """A customer. `email_key` and `phone_e164` are what was understood of `email` and `phone`."""

    name: str
    kind: PartyKind
    email: str | None
    email_key: str | None
    phone: str | None
    phone_e164: str | None
    website: str | None
    billing_address: AddressOut | None
    shipping_address: AddressOut | None
    language: str | None
    currency: str | None
    owner: str | None
    segment: str | None
    source: str | None
    tags: list[str]
    notes: str
    custom: dict[str, Any]
    legal_entities: list[LegalEntityOut]
    payment_terms: PaymentTerms | None
    credit: Credit | None


class CustomerFilters(BaseModel):
    """What a list may be narrowed by; all that are given must hold."""

    q: str | None = Field(default=None, max_length=200, description="Words in name, e-mail or phone.")
    canonical_id: UUID | None = None
    kind: PartyKind | None = None
    tag: str | None = None
    country: CountryCode | None = Field(default=None, description="Country of the billing address.", examples=["DE"])
    owner: str | None = None
    segment: str | None = None
    email: str | None = None
    updated_since: datetime | None = None
    archived: Literal["false", "true", "any"] = "false"
