"""Values of the groups of a customer."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Self

from localisation import Phrase
from pydantic import (
    BeforeValidator,
    Field,
    StrictBool,
    StrictInt,
    field_validator,
    model_validator,
)
from pydantic_core.core_schema import ValidationInfo

from contracts.decimals import InCurrency
from contracts.tax import tax_number, tax_rules_known
from contracts.text import NameText, OptionalNameText, OptionalShortText, blank_to_none, refuse
from contracts.values import SHORTEST, CountryCode, CurrencyCode, Money, Value, exact, in_currency, short


class PartyKind(StrEnum):
    COMPANY = "company"
    PERSON = "person"


class Life(StrEnum):
    """Whether a record is in use; "dead" is archived, never erased."""

    LIVE = "live"
    DEAD = "dead"


class CustomerStage(StrEnum):
    """How far a customer has come: it may buy, it buys, or it buys no more."""

    PROSPECT = "prospect"
    CUSTOMER = "customer"
    FORMER = "former"


NEXT_STAGES: Mapping[CustomerStage, tuple[CustomerStage, ...]] = {
    CustomerStage.PROSPECT: (CustomerStage.CUSTOMER,),
    CustomerStage.CUSTOMER: (CustomerStage.FORMER,),
    CustomerStage.FORMER: (CustomerStage.CUSTOMER,),
}
"""The allowed transitions. A former customer that orders again is a customer again."""

LATER_STAGES: Mapping[CustomerStage, tuple[CustomerStage, ...]] = {
    CustomerStage.PROSPECT: (CustomerStage.CUSTOMER, CustomerStage.FORMER),
    CustomerStage.CUSTOMER: (),
    CustomerStage.FORMER: (),
}
"""What concurrent edits are joined to. `customer` in one system and `former` in the other: a person decides."""


class PartyName(Value):
    """The name of a customer, and whether it is a company or a person."""

    name: NameText
    kind: PartyKind = PartyKind.COMPANY


def _without_blank_lines(value: Any) -> Any:
    if not isinstance(value, list | tuple):
        return value
    return tuple(line for line in value if not isinstance(line, str) or line.strip())


class Address(Value):
    """A postal address; its parts change together. An empty address is None."""

    lines: Annotated[tuple[NameText, ...], Field(max_length=6), BeforeValidator(_without_blank_lines)] = ()
    postal_code: OptionalShortText = None
    city: OptionalNameText = None
    region: OptionalNameText = None
    country: Annotated[CountryCode | None, BeforeValidator(blank_to_none)] = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not (self.lines or self.postal_code or self.city or self.region or self.country):
            raise refuse("empty_address", "the address is empty: fill in a part of it, or send null")
        return self


class LegalEntity(Value):
    """A legal person (counterparty) under which a customer trades in a period.

    Its tax id is stored as entered; a `VerifiedLegalEntity` has a valid one.
    """

    legal_name: NameText
    # The country is declared before the tax id: fields are validated in this order, and the id needs its country.
    country: Annotated[CountryCode | None, BeforeValidator(blank_to_none)] = None
    tax_id: OptionalShortText = None
    registration: OptionalNameText = None
    valid_from: date | None = None
    valid_to: date | None = None

    @model_validator(mode="after")
    def _begins_before_it_ends(self) -> Self:
        if self.valid_from and self.valid_to and self.valid_from > self.valid_to:
            raise refuse(
                "validity",
                Phrase(
                    "valid_from {valid_from} is after valid_to {valid_to}",
                    valid_from=self.valid_from,
                    valid_to=self.valid_to,
                ),
                "valid_to",
            )
        return self


class VerifiedLegalEntity(LegalEntity):
    """A legal entity whose tax id, if it has one, is valid in its country."""

    @field_validator("tax_id")
    @classmethod
    def _tax_id_fits_its_country(cls, tax_id: str | None, info: ValidationInfo) -> str | None:
        country = info.data.get("country")
        if tax_id is None or "country" not in info.data:  # An invalid country is reported by its own error.
            return tax_id
        if country is None:
            raise refuse("tax_id", "a tax id needs the country that issued it: fill in country")
        if tax_number(tax_id, country) is None:
            wrong, short = Phrase("its check digits or its format are wrong"), Phrase("it is too short")
            rule = wrong if tax_rules_known(country) else short
            raise refuse(
                "tax_id",
                Phrase("{tax_id!r} is not a tax id of {country}: {rule}", tax_id=tax_id, country=country, rule=rule),
            )
        return tax_id


Percent = Annotated[Decimal, Field(gt=0, le=100, max_digits=5, decimal_places=2), exact("percent"), SHORTEST, short(3)]
"""More than 0 and up to 100, at most two decimals, a string in JSON."""


class PaymentTerms(Value):
    """Days until payment is due, and the discount for earlier payment."""

    days: Annotated[StrictInt, Field(ge=0, le=3650)]
    discount_days: Annotated[StrictInt, Field(ge=0, le=3650)] | None = None
    discount_percent: Percent | None = None

    @model_validator(mode="after")
    def _discount_is_complete(self) -> Self:
        if (self.discount_days is None) != (self.discount_percent is None):
            raise refuse("discount", "a discount needs both discount_days and discount_percent", "discount_percent")
        if self.discount_days is not None and self.discount_days > self.days:
            raise refuse("discount", "discount_days is later than the payment is due", "discount_days")
        return self


class Credit(InCurrency, Value):
    """The credit limit of a customer; None is no limit."""

    limit: Money | None = None
    currency: Annotated[CurrencyCode | None, BeforeValidator(blank_to_none)] = None
    blocked: StrictBool = False

    @model_validator(mode="before")
    @classmethod
    def _limit_has_its_currency(cls, value: Any) -> Any:
        if isinstance(value, dict) and value.get("limit") is not None and not value.get("currency"):
            raise refuse("credit", "a credit limit needs its currency: fill in currency", "currency")
        return value

    @model_validator(mode="after")
    def _limit_is_an_amount_of_its_currency(self) -> Self:
        if self.limit is None or self.currency is None:
            return self
        if self.limit < 0:
            raise refuse("credit", "a credit limit cannot be negative", "limit")
        # The model is frozen; the normalised amount is set once, during validation.
        object.__setattr__(self, "limit", in_currency(self.limit, self.currency, "limit"))
        return self
