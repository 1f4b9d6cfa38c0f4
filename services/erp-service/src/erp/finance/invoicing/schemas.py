"""Shapes of requests and responses."""

from datetime import date
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Any, Self
from uuid import UUID

from chassis.described import ShownAs
from chassis.preconditions import etag
from chassis.replication import Shown
from contracts.charge import BilledCharge
from contracts.customer import PaymentTerms
from contracts.decimals import InCurrency
from contracts.product import Fraction, Quantity, UnitPrice
from contracts.receivable import SettlementState, TaxAmount
from contracts.text import OptionalNameText
from contracts.values import CurrencyCode, Money, Number
from fastapi import Response
from party.schemas import AddressOut
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from erp.finance.invoicing.models import DunningPolicy, Invoice


class InvoiceState(StrEnum):
    """The state filter of a list; `overdue` is open, in full or in part, after its due date."""

    OPEN = "open"
    PARTLY_PAID = "partly_paid"
    PAID = "paid"
    OVERDUE = "overdue"


class InvoiceBody(BaseModel):
    """What to bill: these shipments, or all unbilled shipments of an order."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"order_id": "01900000-0000-7000-8000-000000000001"}]}
    )

    shipment_ids: Annotated[list[UUID], Field(max_length=100)] = Field(
        default=[], description="Shipments of one customer and currency."
    )
    order_id: UUID | None = None
    issued_on: date | None = Field(default=None, description="Default: today; earlier dates are for imports.")

    @model_validator(mode="after")
    def _says_what_to_bill(self) -> Self:
        if bool(self.shipment_ids) == (self.order_id is not None):
            raise PydanticCustomError("what_to_bill", "send either shipment_ids or order_id")
        return self


class CreditedLineBody(BaseModel):
    """The credited quantity of a line of the invoice."""

    model_config = ConfigDict(extra="forbid")

    line_id: UUID
    quantity: Quantity


class CreditNoteBody(BaseModel):
    """The lines of an invoice to credit; without lines its whole rest (a cancellation)."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"invoice_id": "01936f2b-3e00-7a10-8b00-000000000007", "reason": "Goods arrived damaged"}]
        },
    )

    invoice_id: UUID
    lines: Annotated[list[CreditedLineBody], Field(min_length=1, max_length=200)] | None = None
    charges: Annotated[set[UUID], Field(max_length=200)] = Field(
        default=set(), description="The `order_charge` of each charge that is taken back with the lines that are named."
    )
    issued_on: date | None = None
    reason: OptionalNameText = None

    @field_validator("lines")
    @classmethod
    def _each_line_once(cls, lines: list[CreditedLineBody] | None) -> list[CreditedLineBody] | None:
        if lines and len({line.line_id for line in lines}) < len(lines):
            raise PydanticCustomError("line_twice", "each line may be listed once")
        return lines


class ReturnsBody(BaseModel):
    """Returns to credit; a return of goods that are on several invoices creates a credit note for each."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"return_ids": ["01936f2b-3e00-7a10-8b00-000000000008"], "reason": "Goods came back"}]
        },
    )

    return_ids: Annotated[list[UUID], Field(min_length=1, max_length=100)]
    issued_on: date | None = None
    reason: OptionalNameText = None


class UseBody(BaseModel):
    """The invoice that a credit settles, and the amount; default: as much as possible."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"invoice_id": "01936f2b-3e00-7a10-8b00-000000000007", "amount": "12.50"}]},
    )

    invoice_id: UUID
    amount: Money | None = Field(default=None, gt=0)


class PartyOut(BaseModel):
    """The issuer or the recipient of a document, as of the day of issue."""

    name: str
    number: str | None = None
    address: Annotated[dict[str, Any], ShownAs(AddressOut)] | None = None
    tax_id: str | None = None


class LineOut(BaseModel):
    """One line. `credited` is the credited part of `quantity`."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    position: int
    order_id: UUID
    order_line_id: UUID
    shipment_id: UUID | None
    description: str
    quantity: Quantity
    unit_price: UnitPrice
    discount: Fraction
    tax_rate: Fraction
    net: Money


class InvoiceLineOut(LineOut):
    credited: Number


class CreditNoteLineOut(LineOut):
    invoice_line_id: UUID


class DocumentOut(InCurrency, Shown):
    """The fields of invoices and credit notes."""

    number: str
    customer_id: UUID
    issued_on: date
    currency: CurrencyCode
    net: Money
    tax: Money
    total: Money
    taxes: list[TaxAmount]
    billed_to: PartyOut
    settled: Money
    open: Money


class InvoiceOut(DocumentOut):
    """An invoice. `settled` is the paid and credited amount, `open` the rest."""

    due_on: date
    terms: PaymentTerms | None
    state: SettlementState
    dunning_level: int
    dunned_on: date | None


class InvoiceWithLines(InvoiceOut):
    lines: list[InvoiceLineOut]
    charges: list[BilledCharge]


class CreditNoteOut(DocumentOut):
    """A credit note. `settled` is the part that has settled invoices; `open` is the customer's remaining credit."""

    invoice_id: UUID
    reason: str | None


class CreditNoteWithLines(CreditNoteOut):
    lines: list[CreditNoteLineOut]
    charges: list[BilledCharge]


class CreditNotes(BaseModel):
    """The credit notes that were issued."""

    items: list[CreditNoteWithLines]


class InvoiceFilters(BaseModel):
    """Filters of the list; all given filters must match."""

    customer_id: UUID | None = None
    canonical_id: UUID | None = None
    number: str | None = Field(default=None, examples=["INV-2026-000001"])
    currency: CurrencyCode | None = None
    state: InvoiceState | None = None
    issued_from: date | None = None
    issued_until: date | None = None
    order_id: UUID | None = Field(default=None, description="Invoices with a line of this order.")
    dunning_level: int | None = Field(default=None, ge=0, le=9)


class CreditNoteFilters(BaseModel):
    """Filters of the list; all given filters must match."""

    customer_id: UUID | None = None
    canonical_id: UUID | None = None
    number: str | None = Field(default=None, examples=["CN-2026-000001"])
    invoice_id: UUID | None = None
    issued_from: date | None = None
    issued_until: date | None = None
    order_id: UUID | None = None
    unused: bool | None = Field(default=None, description="true: only those with credit left.")


class DunningLevelsBody(BaseModel):
    """The days overdue of each level, ascending: level 1 first."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"days": [7, 21, 45]}]})

    days: Annotated[list[Annotated[int, Field(ge=1, le=3650)]], Field(max_length=9)]

    @field_validator("days")
    @classmethod
    def _ascending(cls, days: list[int]) -> list[int]:
        if any(later <= earlier for earlier, later in pairwise(days)):
            raise PydanticCustomError("ascending", "each level must begin later than the previous one")
        return days


class DunningLevelsOut(BaseModel):
    """The current levels; version 0 is the default of 7, 21 and 45 days."""

    days: list[int]
    version: int

    @classmethod
    def of(cls, policy: DunningPolicy) -> Self:
        return cls(days=policy.days, version=policy.version)

    def tag(self, response: Response) -> Self:
        response.headers["ETag"] = etag(self.version)
        return self


class DunningRunBody(BaseModel):
    """The day of the run; default: today."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"on": "2026-11-27"}]})

    on: date | None = None


class Raised(InCurrency):
    """One invoice whose level was raised."""

    invoice_id: UUID
    number: str
    customer_id: UUID
    level: int
    days_overdue: int
    open: Money
    currency: CurrencyCode

    @classmethod
    def of(cls, row: Invoice, on: date) -> Self:
        return cls(
            invoice_id=row.id,
            number=row.number,
            customer_id=row.customer_id,
            level=row.dunning_level,
            days_overdue=(on - row.due_on).days,
            open=row.open,
            currency=row.currency,
        )


class DunningRunOut(BaseModel):
    """The raised invoices of a run, by due date and number."""

    on: date
    raised: list[Raised]
