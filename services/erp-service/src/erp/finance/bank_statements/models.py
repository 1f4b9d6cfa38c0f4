"""The tables of bank statements and their lines, and the states of a line."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from chassis import clock
from chassis.db import JsonObject, unique, uuid7
from chassis.errors import Conflict
from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Text, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, column_property, mapped_column, relationship

from erp.finance.payments.models import BankAccount
from erp.tables import Base


class LineState(StrEnum):
    """`matched` automatically, `accepted` by a person, `proposed` waits for a person, `ignored` is no payment of a
    customer."""

    MATCHED = "matched"
    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    IGNORED = "ignored"


UNDECIDED = (LineState.PROPOSED, LineState.IGNORED)
VERBS = ("accept", "assign", "ignore")
"""The decisions on a line; a line with a payment allows none."""


class LineDecided(Conflict):
    code = "statement-line-decided"
    title = "The line has a payment already"
    detail = "The line is {state}, by the payment {payment_id}."
    hint = "Reverse that payment, or assign it to another customer, under /v1/payments."


class BankStatement(Base):
    """A statement of an account; `identifier` identifies it."""

    __tablename__ = "bank_statements"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "bank_account_id"], ["bank_accounts.tenant_id", "bank_accounts.id"]),
        CheckConstraint("format in ('camt.053', 'csv')", name="format"),
        unique("id"),
        unique("bank_account_id", "identifier"),
        Index(None, "tenant_id", "imported_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    bank_account_id: Mapped[UUID] = mapped_column()
    identifier: Mapped[str] = mapped_column(Text)
    format: Mapped[str] = mapped_column(Text)
    opened_on: Mapped[date | None]
    closed_on: Mapped[date | None]
    opening_balance: Mapped[Decimal | None]
    closing_balance: Mapped[Decimal | None]
    imported_by: Mapped[str] = mapped_column(Text)
    imported_at: Mapped[datetime]

    currency: Mapped[str] = column_property(
        select(BankAccount.currency).where(BankAccount.id == bank_account_id).scalar_subquery()
    )
    lines: Mapped[list["StatementLine"]] = relationship(lazy="raise", order_by="StatementLine.position")


class StatementLine(Base):
    """One movement. `key` identifies the movement in all statements; `proposal` is the proposed match."""

    __tablename__ = "bank_statement_lines"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "statement_id"], ["bank_statements.tenant_id", "bank_statements.id"]),
        ForeignKeyConstraint(["tenant_id", "payment_id"], ["payments.tenant_id", "payments.id"]),
        CheckConstraint("direction in ('in', 'out')", name="direction"),
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("state in ('matched', 'proposed', 'accepted', 'ignored')", name="state"),
        CheckConstraint("(payment_id is not null) = (state in ('matched', 'accepted'))", name="payment_id"),
        unique("bank_account_id", "key"),
        unique("payment_id"),
        Index(None, "tenant_id", "statement_id", "position"),
        Index(None, "tenant_id", "counterparty_iban"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    statement_id: Mapped[UUID]
    bank_account_id: Mapped[UUID]
    position: Mapped[int]
    key: Mapped[str] = mapped_column(Text)
    booked_on: Mapped[date]
    direction: Mapped[str] = mapped_column(Text)
    amount: Mapped[Decimal]
    currency: Mapped[str] = mapped_column(Text)
    bank_reference: Mapped[str | None] = mapped_column(Text)
    end_to_end_id: Mapped[str | None] = mapped_column(Text)
    counterparty_name: Mapped[str | None] = mapped_column(Text)
    counterparty_iban: Mapped[str | None] = mapped_column(Text)
    remittance: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    proposal: Mapped[JsonObject | None] = mapped_column(JSONB(none_as_null=True))
    reason: Mapped[str | None] = mapped_column(Text)
    payment_id: Mapped[UUID | None]
    decided_by: Mapped[str | None] = mapped_column(Text)
    decided_at: Mapped[datetime | None]

    @property
    def verbs(self) -> Sequence[str]:
        """What its state allows."""
        return VERBS if self.state in UNDECIDED else ()

    def must_be_undecided(self) -> None:
        """Raises `LineDecided` when it has a payment."""
        if not self.verbs:
            raise LineDecided(state=self.state, payment_id=self.payment_id, allowed=[])

    def decide(self, state: LineState, actor: str, payment_id: UUID | None = None, reason: str | None = None) -> None:
        """Set the decision on the line."""
        self.state, self.payment_id, self.reason = state.value, payment_id, reason
        self.decided_by, self.decided_at = actor, clock.now()
