"""Shapes of requests and responses."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Annotated, Any, Self
from uuid import UUID

from chassis import clock
from contracts.custom import OwnValues
from contracts.customer import Address
from contracts.decimals import InCurrency
from contracts.product import Fraction, Quantity, UnitPrice
from contracts.text import NotesText, Optional, OptionalNameText, OptionalShortText
from contracts.values import Amount, CurrencyCode, Language
from lines.amounts import net_of, totals_of
from lines.schemas import ChargeBodies, ChargeOut, LineBody, TaxOut
from party.schemas import AddressOut
from pydantic import BaseModel, ConfigDict, Field

from crm.sales.quotes.models import Quote, SentQuote
from crm.sales.quotes.rules import Letterhead, Line, Paper, QuoteState, parsed_lines


class QuoteLineBody(LineBody):
    """A line of a quote as a client sends it; the default price and tax are the catalogue's."""

    description: OptionalNameText = Field(default=None, description="Default: the product's name.")


class QuoteBody(BaseModel):
    """A quote as a client sends it; the default currency is the customer's."""

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
    language: Optional[Language] = Field(default=None, description="The language of the PDF; default: the customer's.")
    valid_until: date | None = Field(default=None, description="The last day of validity: today or later.")
    reference: OptionalShortText = Field(default=None, description="The customer's reference.")
    introduction: NotesText = ""
    shipping_address: Address | None = None
    lines: Annotated[list[QuoteLineBody], Field(max_length=200)] = []
    charges: ChargeBodies = []
    custom: OwnValues = Field(default={})


class QuoteOfDeal(BaseModel):
    """What a quote has beside the customer, the contact and the lines of its deal."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"valid_until": "2999-12-31", "reference": "Inquiry of 20 November"}]},
    )

    valid_until: date | None = Field(default=None, description="The last day of validity: today or later.")
    language: Optional[Language] = Field(default=None, description="The language of the PDF; default: the customer's.")
    reference: OptionalShortText = Field(default=None, description="The customer's reference.")
    introduction: NotesText = ""
    shipping_address: Address | None = None


class Accept(BaseModel):
    """Accepting creates an order at once; `submit` submits it to the ERP in the same step."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"reference": "PO-4711", "accepted_on": "2026-11-20"}]}
    )

    submit: bool = True
    reference: OptionalShortText = Field(default=None, description="The customer's number for the order.")
    accepted_on: date | None = Field(
        default=None, description="The date of the order and of the win of the deal. Default: today."
    )


class Revise(BaseModel):
    """The last day of the new version; default: that of the previous one."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"valid_until": "2999-12-31"}]})

    valid_until: date | None = None


class Decline(BaseModel):
    """The customer's reason."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"reason": "The price is too high"}]})

    reason: OptionalNameText = None


class LineOut(BaseModel):
    """A line. `catalogue_price` is the price of the price list when the line was written."""

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


def _lines_of(lines: Iterable[Line], currency: str) -> list[dict[str, Any]]:
    return [{**dict(line), "net": net_of(line, currency)} for line in lines]


class QuoteOut(InCurrency):
    """A quote. `revision` counts its versions, `order_id` is the order created from it."""

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
    custom: dict[str, Any]

    @classmethod
    def of(cls, row: Quote) -> Self:
        """The answer for a row, with its state of today."""
        lines = row.written()
        charges = row.charged
        taxes = totals_of(lines, charges, row.currency).taxes
        shown: dict[str, Any] = {name: getattr(row, name) for name in cls.model_fields.keys() - {"taxes", "charges"}}
        shown["state"] = row.shown_state(clock.today())
        shown["lines"] = _lines_of(lines, row.currency)
        shown["taxes"], shown["charges"] = TaxOut.all_of(taxes), ChargeOut.all_of(charges)
        return cls.model_validate(shown)


class SentOut(InCurrency):
    """A sent version."""

    model_config = ConfigDict(from_attributes=True)

    revision: int
    sent_at: datetime
    valid_until: date | None
    currency: str
    net: Amount
    tax: Amount
    total: Amount
    lines: list[LineOut]
    charges: list[ChargeOut]
    paper: Paper | None = Field(
        description="The additional data of its PDF, as of that day; null until an old version is printed."
    )

    @classmethod
    def of(cls, row: SentQuote) -> Self:
        """The answer for a version."""
        shown: dict[str, Any] = {name: getattr(row, name) for name in cls.model_fields}
        shown["lines"] = _lines_of(parsed_lines(row.lines), row.currency)
        return cls.model_validate(shown)


class SentList(BaseModel):
    """All sent versions, the newest first."""

    items: list[SentOut]


class QuoteFilters(BaseModel):
    """Filters of the list; all given filters must match."""

    customer_id: UUID | None = None
    deal_id: UUID | None = None
    state: QuoteState | None = None
    number: str | None = Field(default=None, examples=["Q-000001"])


class LetterheadOut(Letterhead):
    """The letterhead; version 0 is an undeclared one."""

    version: int
