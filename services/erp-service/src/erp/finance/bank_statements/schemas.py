"""Shapes of requests and responses about bank statements."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from chassis.auth import Principal
from contracts.decimals import InCurrency
from contracts.receivable import Direction
from contracts.text import OptionalNameText, ShortText, refuse
from contracts.values import Money
from pydantic import BaseModel, ConfigDict, Field, model_validator

from erp.finance.bank_statements.models import BankStatement, LineState, StatementLine
from erp.finance.bank_statements.rules import Why
from erp.finance.payments.rules import Allocate
from erp.finance.payments.schemas import Body, Parts


class CsvLayout(BaseModel):
    """The columns of a CSV file, and its account; not needed for CAMT.053."""

    bank_account_id: UUID | None = Field(
        default=None, description=("The account of the statement; CAMT.053 contains it.")
    )
    columns: str | None = Field(
        default=None,
        max_length=2000,
        description=(
            "The field of each column: booked_on, amount (negative is outgoing), currency, end_to_end_id, "
            "bank_reference, counterparty_name, counterparty_iban, remittance."
        ),
        examples=["Buchungstag=booked_on,Betrag=amount,Verwendungszweck=remittance"],
    )
    date_format: str = Field(default="%Y-%m-%d", max_length=40, examples=["%d.%m.%Y"])
    decimal: Literal[".", ","] = "."


class ProposedPart(BaseModel):
    """A part of the line for one invoice."""

    invoice_id: UUID
    invoice_number: str
    amount: Money


class Proposal(BaseModel):
    """A proposed match: a known payment, or a customer and the invoices that it pays; `why` is the basis."""

    why: Why
    payment_id: UUID | None = None
    customer_id: UUID | None = None
    allocations: Sequence[ProposedPart] = ()


class LineOut(InCurrency):
    """One movement, and the decision on it; `payment_id` is its payment."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    statement_id: UUID
    position: int
    booked_on: date
    direction: Direction
    amount: Money
    currency: str
    bank_reference: str | None
    end_to_end_id: str | None
    counterparty_name: str | None
    counterparty_iban: str | None
    remittance: str
    state: LineState
    proposal: Proposal | None
    reason: str | None
    payment_id: UUID | None
    decided_by: str | None
    decided_at: datetime | None
    allowed: Sequence[Literal["accept", "assign", "ignore"]] = Field(
        validation_alias="verbs", description="What the state of the line and your scopes allow now."
    )

    @classmethod
    def of(cls, row: StatementLine, caller: Principal) -> Self:
        """The answer for a line."""
        return cls.model_validate(row).for_caller(caller)

    def for_caller(self, caller: Principal) -> Self:
        """The same for a caller, who may lack the scope to decide."""
        return self if "payments:write" in caller.scopes else self.model_copy(update={"allowed": ()})


class StatementHead(InCurrency):
    """A bank statement without its lines; `currency` is that of its account."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    bank_account_id: UUID
    identifier: str
    format: Literal["camt.053", "csv"]
    opened_on: date | None
    closed_on: date | None
    currency: str
    opening_balance: Money | None
    closing_balance: Money | None
    imported_by: str
    imported_at: datetime


class StatementOut(StatementHead):
    """A bank statement; lines that an earlier statement contained are not repeated."""

    lines: Sequence[LineOut]

    @classmethod
    def for_caller(cls, row: BankStatement, caller: Principal) -> Self:
        """The answer for a statement with its lines."""
        shown = cls.model_validate(row)
        return shown.model_copy(update={"lines": [line.for_caller(caller) for line in shown.lines]})


class TakenIn(BaseModel):
    """The statements of a file; `new_lines` is 0 when all of it was known."""

    items: Sequence[StatementOut]
    new_lines: int


class LineAssignBody(Body):
    """The payment of the line: a known one, or a new one of a customer (null: unassigned)."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"customer_id": "01936f2b-3e00-7a10-8b00-000000000001", "allocate": "reference"}]
        }
    )

    payment_id: UUID | None = None
    customer_id: UUID | None = None
    allocations: Parts = Field(default=[])
    allocate: Allocate = Field(
        default=Allocate.NONE, description="How a new payment is allocated to invoices, instead of `allocations`."
    )

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.payment_id is not None and self.model_fields_set - {"payment_id"}:
            raise refuse("payment_id", "send either `payment_id`, or the customer", "payment_id")
        if self.allocations and self.allocate is not Allocate.NONE:
            raise refuse("allocations", "send `allocations`, or `allocate`", "allocations")
        if self.allocations and self.customer_id is None:
            raise refuse(
                "customer_id", "only a payment with a customer settles invoices: fill in customer_id", "customer_id"
            )
        return self


class IgnoreBody(Body):
    """The reason why it is no payment of a customer."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "A transfer between own accounts"}]})

    reason: OptionalNameText = None


class StatementFilters(BaseModel):
    """Filters of the list; all given filters must match."""

    bank_account_id: UUID | None = None
    identifier: ShortText | None = None
    payment_id: UUID | None = Field(default=None, description="The statement with the line of this payment.")
    undecided: Annotated[
        bool | None, Field(description=("true: with lines that wait for a person; false: without."))
    ] = None
