"""Shapes of requests and responses about customers and contacts, as far as every service has them."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from chassis.replication import Shown
from contracts.contact import Consent, PersonName
from contracts.custom import FieldKey, OwnValues, Scalar
from contracts.customer import Address, Credit, CustomerStage, PartyKind, PaymentTerms
from contracts.text import NameText, NotesText, Optional, OptionalShortText
from contracts.values import CountryCode, CurrencyCode, EmailText, Language, PhoneText, Tag, Website
from pydantic import BaseModel, ConfigDict, Field

from party.owners import OwnerId

OWNER_BY_DEFAULT = "Default for a new record: the caller, if the caller is an employee; null is no owner."
OWNER_NAME = "The name of an owner that no employee is matched to yet; null once one is, see `owner_id`."
STAGE = "A prospect is not numbered by the ERP; its first order or won deal makes it a customer."
OWNERS = "The id of an employee, or `me`."
Custom = Annotated[dict[FieldKey, Scalar], Field(max_length=100)]


class CustomerFields(BaseModel):
    """What users write of a customer; a service says what it takes as a legal entity."""

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
    stage: CustomerStage = Field(default=CustomerStage.CUSTOMER, description=STAGE)
    email: Optional[EmailText] = None
    phone: Optional[PhoneText] = None
    website: Optional[Website] = None
    billing_address: Address | None = None
    shipping_address: Address | None = None
    language: Optional[Language] = None
    currency: Optional[CurrencyCode] = None
    owner_id: UUID | None = Field(default=None, description="The account manager: an employee. " + OWNER_BY_DEFAULT)
    segment: OptionalShortText = None
    source: OptionalShortText = Field(default=None, description="How the customer heard of us.")
    tags: Annotated[list[Tag], Field(max_length=100)] = []
    notes: NotesText = ""
    custom: Custom = Field(default={}, description="Values of your own fields, see /v1/custom-fields.")
    legal_entities: Annotated[list[Any], Field(max_length=50)] = []
    payment_terms: PaymentTerms | None = None
    credit: Credit | None = None


class LegalEntityShown(BaseModel):
    """A legal entity; `tax_id_key` is the one form of its tax id."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    legal_name: str
    country: str | None
    tax_id: str | None
    tax_id_key: str | None
    registration: str | None
    valid_from: date | None
    valid_to: date | None


class AddressOut(BaseModel):
    """A stored address."""

    lines: list[str]
    postal_code: str | None
    city: str | None
    region: str | None
    country: str | None


class CustomerShown(Shown):
    """A customer. `email_key` and `phone_e164` are the normalised forms of `email` and `phone`."""

    name: str
    kind: PartyKind
    stage: CustomerStage
    email: str | None
    email_key: str | None
    phone: str | None
    phone_e164: str | None
    website: str | None
    billing_address: AddressOut | None
    shipping_address: AddressOut | None
    language: str | None
    currency: str | None
    owner_id: UUID | None
    owner_name: str | None = Field(description=OWNER_NAME)
    segment: str | None
    source: str | None
    tags: list[str]
    notes: str
    custom: dict[str, Any]
    legal_entities: list[Any]
    payment_terms: PaymentTerms | None
    credit: Credit | None


class CustomerFilters(BaseModel):
    """Filters of the list; all given filters must match."""

    q: str | None = Field(default=None, max_length=200, description="Words in name, e-mail or phone.")
    canonical_id: UUID | None = None
    kind: PartyKind | None = None
    stage: CustomerStage | None = None
    tag: str | None = None
    country: CountryCode | None = Field(default=None, description="Country of the billing address.", examples=["DE"])
    owner_id: OwnerId | None = Field(default=None, description=OWNERS)
    owner_name: str | None = Field(default=None, description="The text of an owner that no employee is matched to yet.")
    segment: str | None = None
    email: str | None = None
    updated_since: datetime | None = None
    archived: Literal["false", "true", "any"] = "false"


class ContactFields(BaseModel):
    """What users write of a contact."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"name": "Maria Anders", "email": "maria@alfki.example", "position": "Sales Representative"}]
        },
    )

    customer_id: UUID | None = Field(default=None, description="The customer's id in this service.")
    name: PersonName
    email: Optional[EmailText] = None
    phone: Optional[PhoneText] = None
    position: OptionalShortText = None
    consent: Consent | None = None
    custom: OwnValues = {}


class ContactOut(Shown):
    """A contact. `email_key` and `phone_e164` are the normalised forms of `email` and `phone`."""

    customer_id: UUID | None
    name: str
    email: str | None
    email_key: str | None
    phone: str | None
    phone_e164: str | None
    position: str | None
    consent: Consent | None
    custom: dict[str, Any]


class ContactFilters(BaseModel):
    """Filters of the list; all given filters must match."""

    q: str | None = Field(default=None, max_length=200, description="Words in name, e-mail or phone.")
    canonical_id: UUID | None = None
    customer_id: UUID | None = None
    email: str | None = None
    updated_since: datetime | None = None
    archived: Literal["false", "true", "any"] = "false"
