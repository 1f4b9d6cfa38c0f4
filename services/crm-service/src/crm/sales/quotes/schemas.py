"""Shapes of requests and responses."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Self
from uuid import UUID

from chassis import clock
from contracts.customer import Address
from contracts.decimals import InCurrency
from contracts.product import Fraction, Quantity, UnitPrice
from contracts.text import NotesText, OptionalNameText, OptionalShortText
from contracts.values import Amount, CurrencyCode, Language
from lines.amounts import net_of, totals_of
from lines.schemas import ChargeBodies, ChargeOut, TaxOut
from party.schemas import AddressOut, Optional
from pydantic import BaseModel, ConfigDict, Field

from crm.sales.quotes.models import Quote, SentQuote
from crm.sales.quotes.rules import Letterhead, Paper, QuoteState


class QuoteLineBody(BaseModel):
    """A line as its users write it; the price and the tax are the catalogue's unless they are given."""

    model_config = ConfigDict(extra="forbid")

    id: UUID | None = Field(default=None, description="Of a line that is there already.")
    product_id: UUID
    description: OptionalNameText = Field(default=None, description="The product's name, unless given.")
    quantity: Quantity
    unit_price: UnitPrice | None = None
    discount: Fraction = Field(default=Decimal(0), description='A fraction: five percent is "0.05".')
    tax_rate: Fraction | None = None


class QuoteBody(BaseModel):
    """A quote as its users write it; without a currency it takes the customer's."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "customer_id": "01900000-0000-7000-8000-00000000000a",
                    "currency": "EUR",
                    "valid_until": "2026-12-31",
                    "lines": [{"product_id": "01900000-0000-7000-8000-00000000000b", "quantity": "12"}],
                }
            ]
        },
    )

    customer_id: UUID
    contact_id: UUID | None = None
    deal_id: UUID | None = None
    currency: Optional[CurrencyCode] = None
    language: Optional[Language] = Field(default=None, description="Of the PDF: the customer's, unless given.")
    valid_until: date | None = Field(default=None, description="Its last day: today or later.")
    reference: OptionalShortText = Field(default=None, description="What the customer calls it.")
    introduction: NotesText = ""
    shipping_address: Address | None = None
    lines: Annotated[list[QuoteLineBody], Field(max_length=200)] = []
    charges: ChargeBodies = []


class Accept(BaseModel):
    """Accepting makes an order at once; `submit` hands it to the ERP in the same step."""

    model_config = ConfigDict(extra="forbid")

    submit: bool = True
    reference: OptionalShortText = Field(default=None, description="The customer's number for the order.")


class Revise(BaseModel):
    """Until when the new version holds: as long as the one before, unless a day is named."""

    model_config = ConfigDict(extra="forbid")

    valid_until: date | None = None


class Decline(BaseModel):
    """Why the customer does not want it."""

    model_config = ConfigDict(extra="forbid")

    reason: OptionalNameText = None


class LineOut(BaseModel):
    """A line. `catalogue_price` is what the price list said when the line was written."""

    id: UUID
    product_id: UUID
    description: str
    quantity: Quantity
    unit_price: UnitPrice
    discount: Fraction
    tax_class: str
    tax_rate: Fraction
    catalogue_price: UnitPrice | None
    net: Amount


class QuoteOut(InCurrency):
    """A quote. `revision` counts its versions, `order_id` is the order that it became."""

    model_config = ConfigDict(from_attributes=True, json_schema_serialization_defaults_required=True)

    id: UUID
    version: int
    number: str
    revision: int
    state: QuoteState
    customer_id: UUID
    contact_id: UUID | None
    deal_id: UUID | None
    currency: str
    language: str | None
    valid_until: date | None
    reference: str | None
    introduction: str
    shipping_address: AddressOut | None
    lines: list[LineOut]
    charges: list[ChargeOut]
    net: Amount
    tax: Amount
    taxes: list[TaxOut]
    total: Amount
    sent_at: datetime | None
    decided_at: datetime | None
    reason: str | None
    order_id: UUID | None
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, row: Quote) -> Self:
        """The answer for a row, as it stands today."""
        lines = row.written()
        charges = row.charged
        taxes = totals_of(lines, charges, row.currency).taxes
        shown: dict[str, Any] = {name: getattr(row, name) for name in cls.model_fields.keys() - {"taxes", "charges"}}
        shown["state"] = row.shown_state(clock.today())
        shown["lines"] = [{**dict(line), "net": net_of(line, row.currency)} for line in lines]
        shown["taxes"], shown["charges"] = TaxOut.all_of(taxes), ChargeOut.all_of(charges)
        return cls.model_validate(shown)


class SentOut(InCurrency):
    """A version as the customer has it."""

    model_config = ConfigDict(from_attributes=True)

    revision: int
    sent_at: datetime
    valid_until: date | None
    currency: str
    net: Amount
    tax: Amount
    total: Amount
    lines: list[dict[str, Any]]
    charges: list[ChargeOut]
    paper: Paper | None = Field(
        description="What its PDF shows beside this, as it was on that day; null until an old version is printed."
    )

    @classmethod
    def of(cls, row: SentQuote) -> Self:
        """The answer for a version."""
        return cls.model_validate(row)


class SentList(BaseModel):
    """All versions that were sent, the newest first."""

    items: list[SentOut]


class QuoteFilters(BaseModel):
    """What a list may be narrowed by; all that are given must hold."""

    customer_id: UUID | None = None
    deal_id: UUID | None = None
    state: QuoteState | None = None
    number: str | None = Field(default=None, examples=["Q-000001"])


class LetterheadOut(Letterhead):
    """Who quotes; version 0 says nothing yet."""

    version: int
