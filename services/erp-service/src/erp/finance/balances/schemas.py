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
    """What a customer owes in one currency, as of `updated_at`. `credit_left` is null without a limit."""

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
    over_limit: bool | None = Field(default=None, description="More owed and ordered than the limit, or not.")


class ReceivableOut(InCurrency):
    """What a customer owes in one currency, by age. `total` is `open` less `credit`: what the ledger says too.

    `credit` is payments that settle nothing yet and credit notes that are not used up, less what was paid back.
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
    """One open document of a customer; `open` is below zero for a credit. `age` and `due_on` are of invoices."""

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

    on: date | None = Field(
        default=None, description="The day from which age is counted; today, unless it says otherwise."
    )
    customer_id: UUID | None = None
    currency: CurrencyCode | None = None
    overdue: bool | None = Field(default=None, description="Only customers with something overdue, or without.")


class OpenItemFilters(BaseModel):
    """Filters of the list."""

    on: date | None = Field(
        default=None, description="The day from which age is counted; today, unless it says otherwise."
    )
    currency: CurrencyCode | None = None
