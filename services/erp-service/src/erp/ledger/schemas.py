"""Shapes of requests and responses."""

import re
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Self
from uuid import UUID

from chassis.described import ShownAs
from chassis.preconditions import etag
from contracts.customer import Address
from contracts.decimals import InCurrency
from contracts.product import Count
from contracts.tax import tax_number
from contracts.text import NameText, OptionalShortText, ShortText, blank_to_none, one_line, refuse
from contracts.values import CountryCode, CurrencyCode, Language, Sum, in_currency
from fastapi import Response
from localisation import Phrase
from party.schemas import AddressOut
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from erp.ledger.rules import AccountKind, PeriodState, month_of

_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")


def _month(text: str) -> str:
    if not _MONTH.fullmatch(text) or text < "0001":
        raise refuse("month", Phrase("{text!r} is not a month: write it as 2026-11", text=text))
    return text


Month = Annotated[str, AfterValidator(_month), BeforeValidator(one_line)]
"""A month of the calendar, `2026-11`."""


class CompanyBody(BaseModel):
    """The company's data, for its documents."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"name": "Northwind Traders GmbH", "country": "DE", "currency": "EUR", "language": "de"}]
        },
    )

    name: NameText
    address: Address | None = None
    country: Annotated[CountryCode | None, BeforeValidator(blank_to_none)] = None
    currency: CurrencyCode = "EUR"
    tax_id: OptionalShortText = None
    language: Annotated[Language | None, BeforeValidator(blank_to_none)] = None

    @model_validator(mode="after")
    def _tax_id_fits_its_country(self) -> Self:
        if self.tax_id and not (self.country and tax_number(self.tax_id, self.country)):
            raise refuse(
                "tax_id",
                Phrase("{tax_id!r} is not a tax id of {country}", tax_id=self.tax_id, country=self.country)
                if self.country
                else Phrase("{tax_id!r} is not a tax id of a country: fill in country", tax_id=self.tax_id),
                "tax_id",
            )
        return self


class CompanyOut(BaseModel):
    """The company. Until it is written, `version` is 0 and the name is empty."""

    model_config = ConfigDict(from_attributes=True)

    version: int
    name: str
    address: Annotated[dict[str, Any], ShownAs(AddressOut)] | None
    country: str | None
    currency: str
    tax_id: str | None
    language: str | None

    def tag(self, response: Response) -> Self:
        """Set the version in the `ETag` too."""
        response.headers["ETag"] = etag(self.version)
        return self


class AccountBody(BaseModel):
    """An additional account, for manual entries."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"number": "6000", "name": "Rent", "kind": "expense"}]},
    )

    number: ShortText
    name: NameText
    kind: AccountKind


class AccountOut(BaseModel):
    """An account; posting rules refer to it by its `role`."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    number: str
    name: str
    kind: AccountKind
    role: str | None


class EntryLineBody(BaseModel):
    """One line: an amount in debit or in credit."""

    model_config = ConfigDict(extra="forbid")

    account_id: UUID
    debit: Count = Decimal(0)
    credit: Count = Decimal(0)
    party_id: UUID | None = Field(default=None, description="The customer of the receivable.")

    @model_validator(mode="after")
    def _on_one_side(self) -> Self:
        if (self.debit > 0) == (self.credit > 0):
            raise refuse("side", "a line has an amount in debit or in credit, and not in both", "debit")
        return self

    @property
    def amount(self) -> Decimal:
        return self.debit - self.credit


class EntryBody(BaseModel):
    """A manual entry; debit and credit must be equal."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "posted_on": "2026-11-20",
                    "text": "Rent of November",
                    "currency": "EUR",
                    "lines": [
                        {"account_id": "01936f2b-3e00-7a10-8b00-000000000021", "debit": "1200.00"},
                        {"account_id": "01936f2b-3e00-7a10-8b00-000000000022", "credit": "1200.00"},
                    ],
                }
            ]
        },
    )

    posted_on: date
    text: NameText
    currency: CurrencyCode
    lines: Annotated[list[EntryLineBody], Field(min_length=2, max_length=200)]

    @model_validator(mode="after")
    def _amounts_are_of_the_currency(self) -> Self:
        for number, line in enumerate(self.lines):
            in_currency(line.amount, self.currency, f"lines[{number}].{'debit' if line.debit else 'credit'}")
        return self


class EntryLineOut(InCurrency):
    """One line; the side that has nothing is zero."""

    account_id: UUID
    currency: str
    debit: Sum
    credit: Sum
    party_id: UUID | None


class EntryOut(BaseModel):
    """An entry. `position` counts entries as they were written, with gaps."""

    id: UUID
    position: int
    rule: str
    source_kind: str
    source_id: UUID
    posted_on: date
    text: str
    actor: str
    created_at: datetime
    lines: list[EntryLineOut]

    @classmethod
    def of(cls, row: Any) -> Self:
        """The answer for an entry with its lines."""
        lines = [
            EntryLineOut(
                account_id=line.account_id, currency=line.currency, party_id=line.party_id, **sides(line.amount)
            )
            for line in row.lines
        ]
        return cls(lines=lines, **{name: getattr(row, name) for name in cls.model_fields if name != "lines"})


class StatementLineOut(InCurrency):
    """One line of an account, and the account's balance in that currency after it."""

    entry_id: UUID
    posted_on: date
    rule: str
    source_kind: str
    source_id: UUID
    text: str
    party_id: UUID | None
    currency: str
    debit: Sum
    credit: Sum
    balance: Sum

    @classmethod
    def of(cls, row: Any) -> Self:
        names = cls.model_fields.keys() - {"debit", "credit"}
        return cls(**{name: getattr(row, name) for name in names}, **sides(row.amount))


class AccountBalanceOut(InCurrency):
    """The sums of an account in one currency; `balance` is debit less credit."""

    model_config = ConfigDict(from_attributes=True)

    account_id: UUID
    number: str
    name: str
    kind: AccountKind
    role: str | None
    currency: str
    debit: Sum
    credit: Sum
    balance: Sum


class CurrencySum(InCurrency):
    """The sums of one currency, which are equal."""

    currency: str
    debit: Sum
    credit: Sum


class TrialBalanceOut(BaseModel):
    """All accounts with postings up to a date, and the sums per currency."""

    until: date | None
    accounts: list[AccountBalanceOut]
    sums: list[CurrencySum]


class PeriodOut(BaseModel):
    """A month; `entries` is the number of its entries, `actor` closed or reopened it last."""

    month: Month
    state: PeriodState
    closed_at: datetime | None
    actor: str | None
    entries: int

    @classmethod
    def of(cls, row: Any) -> Self:
        names = cls.model_fields.keys() - {"month"}
        return cls(month=month_of(row.month), **{name: getattr(row, name) for name in names})


class AccountFilters(BaseModel):
    """Filters of the list; all given filters must match."""

    number: str | None = None
    kind: AccountKind | None = None


class PeriodFilters(BaseModel):
    """Filters of the list; all given filters must match."""

    state: PeriodState | None = None
    since: date | None = None
    until: date | None = None


class EntryFilters(BaseModel):
    """Filters of the list; all given filters must match."""

    since: date | None = None
    until: date | None = None
    rule: str | None = None
    source_kind: str | None = None
    source_id: UUID | None = None
    account_id: UUID | None = None
    party_id: UUID | None = None


class StatementFilters(BaseModel):
    """Filters of the statement."""

    since: date | None = None
    until: date | None = None
    currency: CurrencyCode | None = None
    party_id: UUID | None = None


def sides(amount: Decimal) -> dict[str, Decimal]:
    """A signed amount as debit and credit."""
    return {"debit": max(amount, Decimal(0)), "credit": max(-amount, Decimal(0))}
