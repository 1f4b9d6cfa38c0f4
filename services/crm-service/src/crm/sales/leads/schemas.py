"""Shapes of requests and responses."""

from typing import Any, Self
from uuid import UUID

from contracts.contact import Consent, PersonName
from contracts.custom import OwnValues
from contracts.customer import CustomerStage
from contracts.product import UnitPrice
from contracts.text import NameText, NotesText, Optional, OptionalNameText, OptionalShortText, refuse
from contracts.values import CountryCode, CurrencyCode, EmailText, Language, PhoneText
from party.owners import OwnerId
from party.schemas import OWNERS
from pydantic import BaseModel, ConfigDict, Field, model_validator
from records import Filters, PlainOut

from crm.sales.leads.rules import LeadRules, LeadState, ScoreRule


class LeadBody(BaseModel):
    """A lead; only `name`, that of the person or the company, is required."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "name": "Ana Trujillo",
                    "company": "Ana Trujillo Emparedados y helados",
                    "email": "ana@trujillo.example",
                    "country": "MX",
                    "source": "Fair",
                    "interest": "Tea for three shops",
                }
            ]
        },
    )

    name: PersonName
    company: OptionalNameText = None
    email: Optional[EmailText] = None
    phone: Optional[PhoneText] = None
    country: Optional[CountryCode] = None
    language: Optional[Language] = None
    source: OptionalShortText = Field(default=None, description="How the lead heard of us.")
    campaign: OptionalNameText = None
    interest: NotesText = ""
    owner_id: UUID | None = Field(
        default=None,
        description="The owner, an employee. Default: the caller, if the caller is an employee, else by the rules.",
    )
    consent: Consent | None = Field(default=None, description="What the person has agreed to receive.")
    custom: OwnValues = {}


class LeadOut(PlainOut):
    """A lead; `score` is the sum of the points of the rules."""

    name: str
    company: str | None
    email: str | None
    email_key: str | None
    phone: str | None
    phone_e164: str | None
    country: str | None
    language: str | None
    source: str | None
    campaign: str | None
    interest: str
    state: LeadState
    reason: str | None = Field(description="Why it was disqualified.")
    score: int
    consent: Consent | None
    owner_id: UUID | None
    customer_id: UUID | None = Field(description="The customer that the lead became.")
    contact_id: UUID | None = Field(description="The contact that the lead became.")
    deal_id: UUID | None = Field(description="The deal that the lead became.")
    custom: dict[str, Any]


class LeadFilters(Filters):
    """Filters of the list; all given filters must match."""

    q: str | None = Field(default=None, max_length=200, description="Words in name, company, e-mail or phone.")
    state: LeadState | None = None
    owner_id: OwnerId | None = Field(default=None, description=OWNERS)
    country: CountryCode | None = None
    source: str | None = None
    campaign: str | None = None
    email: str | None = None
    score_from: int | None = Field(default=None, ge=-5000, le=5000)


class Disqualify(BaseModel):
    """One of the declared reasons."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"reason": "No budget"}]})

    reason: NameText


class NewDealOfLead(BaseModel):
    """The deal that a lead becomes; the default name is the lead's."""

    model_config = ConfigDict(extra="forbid")

    name: OptionalNameText = None
    amount: UnitPrice | None = None
    currency: Optional[CurrencyCode] = None

    @model_validator(mode="after")
    def _an_amount_has_a_currency(self) -> Self:
        if self.amount is not None and self.currency is None:
            raise refuse("required", "an amount needs its currency: send `currency` too", "currency")
        return self


class Convert(BaseModel):
    """What the lead becomes. A customer or a contact that exists is named by its id; else it is made of the lead."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"deal": {"name": "Tea for three shops"}}]}
    )

    customer_id: UUID | None = None
    stage: CustomerStage = Field(
        default=CustomerStage.PROSPECT,
        description="The stage of the customer that is made: a prospect, until a deal is won or an order is confirmed.",
    )
    contact_id: UUID | None = None
    deal: NewDealOfLead | None = Field(
        default_factory=NewDealOfLead, description="Without it the deal has the name of the lead; null: no deal."
    )
    allow_duplicate: bool = Field(
        default=False, strict=True, description="Make a customer even if one has the same e-mail or phone."
    )


class LeadScore(BaseModel):
    """A score, with the rules that gave its points."""

    score: int
    rules: list[ScoreRule]


class LeadRulesOut(LeadRules):
    """The rules of leads; version 0 is the built-in ones."""

    version: int
