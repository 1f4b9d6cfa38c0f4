"""Shapes of answers about balances and receivables."""

from datetime import date
from typing import Literal
from uuid import UUID

from chassis.replication import Shown
from contracts.decimals import InCurrency
from contracts.receivable import Age
from contracts.values import CurrencyCode, Money, Sum
from pydantic import BaseModel, ConfigDict, Field


class BalanceOut(InCurrency, Shown):
    """The balance of a customer in one currency, as of `updated_at`. `credit_left` is null without a limit."""

    customer_id: UUID
    currency: str
    open: Sum
    on_order: Sum
    credit_limit: Money | None
    credit_left: Sum | None
    blocked: bool


class BalanceFilters(BaseModel):
    """Filters of the list; all given filters must match."""

    canonical_id: UUID | None = None
    customer_id: UUID | None = None
    currency: str | None = None
    blocked: bool | None = None
    over_limit: bool | None = Field(default=None, description="Whether open and ordered amounts exceed the limit.")


class ReceivableOut(InCurrency):
    """The receivables of a customer in one currency, by age. `total` is `open` less `credit` and equals the ledger's
    balance.

    `credit` is unallocated payments and unused credit notes, less paid-out amounts.
    """

    model_config = ConfigDict(from_attributes=True)

    customer_id: UUID
    customer_number: str
    customer_name: str
    currency: str
    not_due: Sum
    days_1_30: Sum
    days_31_60: Sum
    days_61_90: Sum
    over_90_days: Sum
    overdue: Sum
    open: Sum
    credit: Sum
    total: Sum


class OpenItemOut(InCurrency):
    """One open document of a customer; `open` is negative for a credit. Only invoices have `age` and `due_on`."""

    model_config = ConfigDict(from_attributes=True)

    kind: Literal["invoice", "credit_note", "payment"]
    id: UUID
    number: str | None
    dated_on: date
    due_on: date | None
    days_overdue: int | None
    age: Age | None
    currency: str
    amount: Money
    open: Money


class ReceivableFilters(BaseModel):
    """Filters of the list; all given filters must match."""

    on: date | None = Field(default=None, description="The date for ages; default: today.")
    customer_id: UUID | None = None
    currency: CurrencyCode | None = None
    overdue: bool | None = Field(
        default=None, description=("true: only customers with overdue amounts; false: only those without.")
    )


class OpenItemFilters(BaseModel):
    """Filters of the list."""

    on: date | None = Field(default=None, description="The date for ages; default: today.")
    currency: CurrencyCode | None = None
