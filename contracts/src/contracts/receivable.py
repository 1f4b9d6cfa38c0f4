"""Values of the groups of invoices, credit notes, payments, balances."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, AliasChoices, Field, StrictBool

from contracts.product import Fraction, Quantity, UnitPrice, not_negative
from contracts.text import NameText, ShortText
from contracts.values import CurrencyCode, Money, Sum, Value

OwedSum = Annotated[Sum, AfterValidator(not_negative)]
"""A sum of money, zero or more."""

CreditLimit = Annotated[Money, AfterValidator(not_negative)]
"""An amount of money, zero or more."""


class TaxAmount(Value):
    """The tax of one rate on one document."""

    rate: Fraction
    net: Money
    tax: Money


class InvoiceDocument(Value):
    """The header of an invoice or a credit note. `due_on` is None on a credit note."""

    number: ShortText
    issued_on: date
    due_on: date | None = None
    currency: CurrencyCode
    net: Money
    tax: Money
    total: Money
    taxes: tuple[TaxAmount, ...] = ()


class InvoiceLine(Value):
    """One line; `order_line_id` is the id of the order's line in every system."""

    # Stored values may have its earlier name, `order_line`.
    order_line_id: UUID | None = Field(default=None, validation_alias=AliasChoices("order_line_id", "order_line"))
    description: NameText
    quantity: Quantity
    unit_price: UnitPrice
    discount: Fraction = Decimal(0)
    tax_rate: Fraction
    net: Money


InvoiceLines = Annotated[tuple[InvoiceLine, ...], Field(min_length=1, max_length=1_000)]


class SettlementState(StrEnum):
    OPEN = "open"
    PARTLY_PAID = "partly_paid"
    PAID = "paid"


class Settlement(Value):
    """The paid or credited part of an invoice, its open amount, and its number of dunning notices."""

    state: SettlementState
    settled: Money
    open: Money
    dunning_level: Annotated[int, Field(ge=0, le=9)] = 0


class Direction(StrEnum):
    """`in` from a customer, `out` to one."""

    IN = "in"
    OUT = "out"


class PaymentState(StrEnum):
    """`entered` until the ERP has booked it; a reversed payment stays."""

    ENTERED = "entered"
    BOOKED = "booked"
    REVERSED = "reversed"


PAYMENT_STEPS = frozenset(
    {
        (PaymentState.ENTERED, PaymentState.BOOKED),
        (PaymentState.ENTERED, PaymentState.REVERSED),
        (PaymentState.BOOKED, PaymentState.REVERSED),
    }
)
"""(state, next state)."""


def payment_states_after(state: str) -> list[PaymentState]:
    """The states into which a payment may go from here."""
    return sorted(after for before, after in PAYMENT_STEPS if before == state)


class PaymentAmount(Value):
    """The paid amount, its direction, and the date of receipt."""

    amount: Money
    currency: CurrencyCode
    direction: Direction = Direction.IN
    received_on: date


class AllocatedTo(Value):
    """A part of a payment that settles one invoice."""

    invoice: ShortText
    amount: Money


class AllocationState(Value):
    """The allocated part of a payment; `unallocated` waits for an invoice."""

    allocated: Money
    unallocated: Money
    invoices: Annotated[tuple[AllocatedTo, ...], Field(max_length=1_000)] = ()


class Balance(Value):
    """The balance of a customer in one currency. `open` is invoices less credits and payments; it may be negative.

    `on_order` is confirmed and not yet invoiced; `credit_left` is None without a limit.
    """

    currency: CurrencyCode
    open: Sum
    on_order: OwedSum
    credit_limit: CreditLimit | None = None
    credit_left: Sum | None = None
    blocked: StrictBool = False


class Age(StrEnum):
    """Days since an invoice was due."""

    NOT_DUE = "not_due"
    UP_TO_30 = "days_1_30"
    UP_TO_60 = "days_31_60"
    UP_TO_90 = "days_61_90"
    OVER_90 = "over_90_days"


LAST_DAYS: Mapping[Age, int | None] = {
    Age.NOT_DUE: 0,
    Age.UP_TO_30: 30,
    Age.UP_TO_60: 60,
    Age.UP_TO_90: 90,
    Age.OVER_90: None,
}
"""Age -> its last day overdue, in rising order; None has no end."""
