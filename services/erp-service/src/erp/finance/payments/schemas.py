"""Shapes of requests and responses about payments and bank accounts."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any, Self
from uuid import UUID

from chassis.replication import Shown
from contracts.custom import OwnValues
from contracts.decimals import InCurrency
from contracts.product import Quantity
from contracts.receivable import Direction, PaymentState
from contracts.text import NameText, OptionalNameText, OptionalShortText, ShortText, one_line, refuse
from contracts.values import CurrencyCode, Money, in_currency
from localisation import Phrase
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from records import PlainOut
from stdnum import iban
from stdnum.exceptions import ValidationError as NumberInvalid

from erp.finance.payments.models import Payment
from erp.finance.payments.rules import Allocate, How


def _iban(text: str) -> str:
    try:
        checked: str = iban.validate(text)
    except NumberInvalid as error:
        raise refuse("iban", Phrase("{text!r} is not an IBAN: {error}", text=text, error=error)) from None
    return checked


Iban = Annotated[str, Field(min_length=5, max_length=42), AfterValidator(_iban), BeforeValidator(one_line)]
"""A valid International Bank Account Number, in capitals without spaces."""


class Body(BaseModel):
    """Unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


class BankAccountBody(Body):
    """A bank account of the company."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "Main account", "iban": "DE89370400440532013000", "currency": "EUR"}]}
    )

    name: NameText
    iban: Iban = Field(examples=["DE89 3704 0044 0532 0130 00"])
    currency: CurrencyCode = "EUR"
    custom: OwnValues = {}


class BankAccountOut(PlainOut):
    """A bank account; its IBAN and currency cannot change, and payments refer to it by its id."""

    name: str
    iban: str
    currency: str
    custom: dict[str, Any]


class PaymentNotes(Body):
    """The fields of a payment that may be changed at any time."""

    bank_account_id: UUID | None = None
    reference: OptionalShortText = Field(
        default=None, description="The reference of the bank or the payer; unique per direction and currency."
    )
    note: OptionalNameText = Field(default=None, description="The text of the payer: usually numbers of invoices.")
    custom: OwnValues = Field(default={})


class PaymentBody(PaymentNotes):
    """A payment as a client sends it. Without a customer it is booked as unassigned until it is assigned."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "amount": "119.00",
                    "currency": "EUR",
                    "received_on": "2026-11-20",
                    "reference": "E2E-4711",
                    "note": "Invoice INV-2026-000001",
                }
            ]
        },
    )

    customer_id: UUID | None = None
    direction: Direction = Direction.IN
    amount: Quantity
    currency: CurrencyCode
    received_on: date | None = Field(default=None, description="Default: today.")
    allocate: Allocate = Field(
        default=Allocate.AUTOMATIC, description="The allocation rule; `none` leaves the allocation to a person."
    )

    @model_validator(mode="after")
    def _amount_fits_its_currency(self) -> Self:
        in_currency(self.amount, self.currency, "amount")
        return self


class Part(Body):
    """A part of a payment for one invoice, given by its id or its number."""

    invoice_id: UUID | None = None
    invoice: ShortText | None = Field(default=None, description="The invoice's number.")
    amount: Quantity

    @model_validator(mode="after")
    def _names_one_invoice(self) -> Self:
        if (self.invoice_id is None) == (self.invoice is None):
            raise refuse("invoice", "send either `invoice_id` or `invoice`, its number", "invoice_id")
        return self


Parts = Annotated[list[Part], Field(max_length=200)]


class AllocationBody(Body):
    """By hand, with `allocations`; or by a rule: `by`."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"by": "oldest"}]})

    allocations: Parts = []
    by: Allocate = Allocate.NONE

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if bool(self.allocations) == (self.by is not Allocate.NONE):
            raise refuse(
                "allocations", "send either `allocations`, or `by` (reference, oldest or automatic)", "allocations"
            )
        return self


class AssignBody(Body):
    """The customer of the payment, and the allocation rule; null is unassigned."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"customer_id": "01936f2b-3e00-7a10-8b00-000000000001"}]})

    customer_id: UUID | None
    on: date | None = Field(default=None, description="The date of the posting; default: today.")
    allocate: Allocate = Allocate.AUTOMATIC


class ReverseBody(Body):
    """The reason of the reversal: for example a returned or mistyped payment."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"reason": "The direct debit was returned", "on": "2026-11-20"}]}
    )

    reason: NameText
    on: date | None = Field(default=None, description="The date of the posting; default: today.")


class AllocationOut(BaseModel):
    """A part of the payment that settles an invoice."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    invoice_id: UUID
    invoice_number: str
    amount: Money
    how: How
    made_by: str
    made_at: datetime


class PaymentOut(InCurrency, Shown):
    """A payment. `unallocated` waits for an invoice; `allocations` are the current ones."""

    customer_id: UUID | None
    bank_account_id: UUID | None
    direction: Direction
    amount: Money
    currency: str
    received_on: date
    reference: str | None
    note: str | None
    state: PaymentState
    reason: str | None
    allocated: Money
    unallocated: Money
    waits: bool = Field(description="Whether its rest settles the customer's later invoices.")
    allocations: Sequence[AllocationOut]
    custom: dict[str, Any]

    @classmethod
    def of(cls, row: Payment, **more: Any) -> Self:  # type: ignore[override]  # Its answer is made of a payment.
        """The answer for a payment with its allocations."""
        return super().of(row, allocations=[AllocationOut.model_validate(each) for each in row.standing], **more)


class PaymentFilters(BaseModel):
    """Filters of the list; all given filters must match."""

    canonical_id: UUID | None = None
    customer_id: UUID | None = None
    bank_account_id: UUID | None = None
    invoice_id: UUID | None = Field(default=None, description="Payments that settle this invoice.")
    direction: Direction | None = None
    currency: str | None = None
    state: PaymentState | None = None
    reference: str | None = None
    unassigned: bool | None = Field(default=None, description="true: unassigned; false: assigned to a customer.")
    unallocated: bool | None = Field(default=None, description="true: with an unallocated rest; false: without.")
    received_from: date | None = None
    received_until: date | None = None
