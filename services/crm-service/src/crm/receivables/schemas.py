"""Shapes of requests and responses."""

from datetime import date, datetime
from typing import Any, Literal, Self
from uuid import UUID

from chassis.replication import Shown
from contracts.charge import BilledCharge
from contracts.custom import OwnValues
from contracts.decimals import InCurrency
from contracts.product import Quantity
from contracts.receivable import AllocationState, Direction, InvoiceLine, PaymentState, SettlementState, TaxAmount
from contracts.text import NameText, OptionalNameText, OptionalShortText
from contracts.values import CurrencyCode, Money, Sum, in_currency
from party.owners import OwnerId
from pydantic import BaseModel, ConfigDict, Field, model_validator

from crm.receivables.rules import on_or_today, overdue_days


class DocumentOut(InCurrency, Shown):
    """The header of a document of the ERP."""

    customer_id: UUID
    number: str
    issued_on: date
    currency: str
    net: Money
    tax: Money
    total: Money
    taxes: list[TaxAmount]


class InvoiceOut(DocumentOut):
    """An invoice and its settlement; `overdue_days` is 0 while it is not overdue, or once it is paid."""

    due_on: date | None
    state: SettlementState
    settled: Money
    open: Money
    dunning_level: int
    overdue_days: int

    @classmethod
    def of(cls, row: Any, *, on: date | None = None, **more: Any) -> Self:
        """An invoice on a date; default: today."""
        days = overdue_days(row.due_on, row.issued_on, on_or_today(on)) if row.open > 0 else 0
        return super().of(row, overdue_days=days, **more)


class InvoiceWithLines(InvoiceOut):
    lines: list[InvoiceLine]
    charges: list[BilledCharge]

    @classmethod
    def of(cls, row: Any, **more: Any) -> Self:
        """The answer for an invoice with its lines."""
        return super().of(row, lines=[line.value() for line in row.lines], **more)


class CreditNoteOut(DocumentOut):
    """A credit note of an invoice."""

    invoice_id: UUID


class CreditNoteWithLines(CreditNoteOut):
    lines: list[InvoiceLine]
    charges: list[BilledCharge]

    @classmethod
    def of(cls, row: Any, **more: Any) -> Self:
        """The answer for a credit note with its lines."""
        return super().of(row, lines=[line.value() for line in row.lines], **more)


class DocumentFilters(BaseModel):
    """Filters of the list; all given filters must match."""

    customer_id: UUID | None = None
    number: str | None = None
    currency: CurrencyCode | None = None
    order_line_id: list[UUID] = Field(
        default=[], max_length=200, description=("Only documents that bill or credit one of these.")
    )
    issued_from: date | None = None
    issued_until: date | None = None
    canonical_id: UUID | None = None
    updated_since: datetime | None = None


class InvoiceFilters(DocumentFilters):
    state: SettlementState | None = None
    overdue: bool | None = Field(default=None, description="true: due before `on`, and not paid.")
    on: date | None = Field(default=None, description="The date for `overdue`; default: today.")


class CreditNoteFilters(DocumentFilters):
    invoice_id: UUID | None = None


class PaymentBody(BaseModel):
    """A payment as sales registers it. The ERP books it within moments and reports which invoices it settles."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "customer_id": "01900000-0000-7000-8000-00000000000a",
                    "amount": "119.00",
                    "currency": "EUR",
                    "received_on": "2026-11-20",
                    "reference": "BANK-2026-4711",
                    "note": "INV-2026-000017",
                }
            ]
        },
    )

    customer_id: UUID | None = Field(description="The customer's id in this service; null: the customer is unknown.")
    amount: Quantity = Field(description="With no more decimals than the currency has.")
    currency: CurrencyCode
    direction: Direction = Direction.IN
    received_on: date | None = Field(default=None, description="Default: today.")
    reference: OptionalShortText = Field(
        default=None, description="The reference of the bank or the payer; two payments cannot have the same."
    )
    note: OptionalNameText = Field(default=None, description="The text of the payer: usually numbers of invoices.")
    custom: OwnValues = Field(default={})

    @model_validator(mode="after")
    def _amount_fits_the_currency(self) -> Self:
        in_currency(self.amount, self.currency, "amount")
        return self


class PaymentAsItIs(PaymentBody):
    """A payment after a patch, or of a file: empty fields are omitted; an empty customer means unknown."""

    customer_id: UUID | None = None


class Reversal(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"reason": "Entered twice"}]})

    reason: NameText


class PaymentOut(InCurrency, Shown):
    """A payment: `entered` until the ERP has booked it. `allocation` is what it settles."""

    customer_id: UUID | None
    state: PaymentState
    amount: Money
    currency: str
    direction: Direction
    received_on: date
    reference: str | None
    note: str | None
    reason: str | None
    allocation: AllocationState | None
    custom: dict[str, Any]


class PaymentFilters(BaseModel):
    """Filters of the list; all given filters must match."""

    customer_id: UUID | None = None
    state: PaymentState | None = None
    direction: Direction | None = None
    currency: CurrencyCode | None = None
    reference: str | None = Field(default=None, description="Ignores letter case and spaces.")
    received_from: date | None = None
    received_until: date | None = None
    canonical_id: UUID | None = None
    updated_since: datetime | None = None


class Ages(BaseModel):
    """The open amounts of invoices, by days overdue."""

    not_due: Sum
    days_1_30: Sum
    days_31_60: Sum
    days_61_90: Sum
    over_90_days: Sum


class CreditOut(BaseModel):
    """The ERP's balance of a customer; credits and payments that settle no invoice yet are subtracted from `open`."""

    open: Sum
    on_order: Sum = Field(description="Confirmed and not yet invoiced.")
    credit_limit: Money | None
    credit_left: Sum | None = Field(description="null: there is no limit.")
    blocked: bool
    as_of: datetime


class Owed(InCurrency):
    """The receivables of a customer in one currency."""

    currency: str
    open: Sum = Field(description="On invoices.")
    overdue: Sum
    ages: Ages
    oldest_due_on: date | None
    unallocated: Sum = Field(description="Paid and booked, but not allocated to an invoice.")
    entered: Sum = Field(description="Registered, and not yet booked by the ERP.")
    balance: CreditOut | None = Field(description="null: the ERP has delivered none.")


class CustomerReceivables(BaseModel):
    """A customer's account on a day: sums per currency, the oldest open invoices, the latest payments."""

    customer_id: UUID
    on: date
    currencies: list[Owed]
    open_invoices: list[InvoiceOut] = Field(description="The 200 with the earliest due dates; sums include all.")
    payments: list[PaymentOut] = Field(description="The latest 50.")


class AgedOut(InCurrency):
    """One customer and one currency in the list of receivables."""

    customer_id: UUID
    customer: str
    currency: str
    open: Sum
    overdue: Sum
    ages: Ages
    oldest_due_on: date | None
    balance: CreditOut | None


class AgedFilters(BaseModel):
    """Filters of the list; all given filters must match."""

    on: date | None = Field(default=None, description="The date for ages; default: today.")
    currency: CurrencyCode | None = None
    overdue: Literal["true", "any"] = Field(default="any", description="true: only accounts with overdue amounts.")
    owner_id: OwnerId | None = Field(default=None, description="The customers' account manager, or `me`.")
    segment: str | None = None
