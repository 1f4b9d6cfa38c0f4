"""Shapes of answers."""

from datetime import datetime
from uuid import UUID

from contracts.decimals import InCurrency
from contracts.values import Amount
from pydantic import BaseModel, ConfigDict, Field

HIDDEN = "Null if the scopes of the caller do not show it."


class OpenSum(InCurrency):
    """The open records of one currency."""

    model_config = ConfigDict(from_attributes=True)

    currency: str | None = Field(description="Null for deals without an amount.")
    count: int
    amount: Amount


class AccountPart(InCurrency):
    """The account of one currency. Balance and credit are as last delivered by the ERP."""

    model_config = ConfigDict(from_attributes=True)

    currency: str
    open: Amount = Field(description="The open amounts of invoices.")
    overdue: Amount
    balance: Amount | None
    credit_limit: Amount | None
    credit_left: Amount | None
    blocked: bool | None


class ContactPart(BaseModel):
    """The last and the next time of contact."""

    model_config = ConfigDict(from_attributes=True)

    last_at: datetime | None = Field(description="The last interaction.")
    last_id: UUID | None
    next_at: datetime | None = Field(description="The next interaction that is planned, or the due time of a task.")


class TaskPart(BaseModel):
    """The open tasks about the customer."""

    model_config = ConfigDict(from_attributes=True)

    open: int
    overdue: int


class CustomerOverview(BaseModel):
    """What is open with a customer. A part is null if the scopes of the caller do not show it."""

    customer_id: UUID
    deals: list[OpenSum] | None = Field(description="Open deals. " + HIDDEN)
    quotes: list[OpenSum] | None = Field(description="Quotes that are drafts or sent, and not expired. " + HIDDEN)
    orders: list[OpenSum] | None = Field(description="Orders that are neither closed nor cancelled. " + HIDDEN)
    accounts: list[AccountPart] | None = Field(description="Open amounts per currency. " + HIDDEN)
    contact: ContactPart | None = Field(description=HIDDEN)
    tasks: TaskPart | None = Field(description=HIDDEN)
