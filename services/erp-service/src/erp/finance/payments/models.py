"""The tables of bank accounts and payments, and the transitions of a payment."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Self
from uuid import UUID

from chassis import clock
from chassis.db import unique, uuid7
from chassis.errors import Conflict
from chassis.replication import Replicated
from contracts.normalise import reference_key
from contracts.receivable import PAYMENT_STEPS, Direction, PaymentState
from custom_fields.columns import OwnFields
from records import Plain
from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from erp.tables import Base

NOTHING = "nothing"
DUE = "posted_state <> state or (state = 'booked' and customer_id is distinct from posted_customer_id)"
"""A payment that differs from the ledger."""

WAITING = "waits and allocated < amount and direction = 'in' and state = 'booked' and posted_state = 'booked'"
"""A payment whose rest settles the customer's next invoice automatically."""


class PaymentStepRefused(Conflict):
    code = "payment-step-refused"
    title = "The payment's state does not allow this"
    detail = "The payment is {state}."
    hint = "`allowed` lists the possible next states."


class PaymentIsBooked(Conflict):
    code = "payment-booked"
    title = "The amount, currency, direction and date of a booked payment cannot change"
    hint = "Reverse it, and enter the correct one with another reference."


class PaymentAllocated(Conflict):
    code = "payment-allocated"
    title = "The payment settles invoices of its customer"
    detail = "{allocated} {currency} of it is allocated."
    hint = "Remove its allocations first."


class AllocatedBeyondPayment(Conflict):
    code = "allocated-beyond-payment"
    title = "More would be allocated than the rest of the payment"
    detail = "The rest is {unallocated} {currency}; {wanted} is more."
    hint = "Allocate at most the rest, or remove another allocation first."


class AllocationKept(Conflict):
    code = "allocation-kept"
    title = "Only the ERP allocates a payment"
    hint = "Allocate it by POST /v1/payments/{id}/allocations of the ERP."


class BankAccount(OwnFields, Plain, Base):
    """A bank account of the company; the IBAN is normalised."""

    __tablename__ = "bank_accounts"
    __table_args__ = (unique("id"), unique("iban"))

    name: Mapped[str] = mapped_column(Text)
    iban: Mapped[str] = mapped_column(Text)
    currency: Mapped[str] = mapped_column(Text)


class Allocation(Base):
    """A part of a payment that settles an invoice. A removed one stays, with `undone_at`."""

    __tablename__ = "payment_allocations"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "payment_id"], ["payments.tenant_id", "payments.id"]),
        ForeignKeyConstraint(["tenant_id", "invoice_id"], ["invoices.tenant_id", "invoices.id"]),
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("how in ('reference', 'oldest', 'hand')", name="how"),
        Index(None, "tenant_id", "payment_id"),
        Index(None, "tenant_id", "invoice_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    payment_id: Mapped[UUID]
    invoice_id: Mapped[UUID]
    invoice_number: Mapped[str] = mapped_column(Text)
    amount: Mapped[Decimal]
    how: Mapped[str] = mapped_column(Text)
    made_by: Mapped[str] = mapped_column(Text)
    made_at: Mapped[datetime]
    undone_at: Mapped[datetime | None]


class Payment(OwnFields, Replicated, Base):
    """An incoming (`in`) or outgoing (`out`) payment. Without a customer it is unassigned.

    `state` is the target state, `posted_state` and `posted_customer_id` the posted one: other systems book, assign or
    reverse by delivery, and the worker posts it. `tries` and `try_at` schedule the retries. The rest of a payment that
    `waits` settles later invoices.
    """

    __tablename__ = "payments"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "customer_id"], ["customers.tenant_id", "customers.id"]),
        ForeignKeyConstraint(["tenant_id", "bank_account_id"], ["bank_accounts.tenant_id", "bank_accounts.id"]),
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("direction in ('in', 'out')", name="direction"),
        CheckConstraint("state in ('entered', 'booked', 'reversed')", name="state"),
        CheckConstraint("posted_state in ('nothing', 'booked', 'reversed')", name="posted_state"),
        CheckConstraint("allocated between 0 and amount", name="allocated"),
        CheckConstraint(
            "allocated = 0 or (direction = 'in' and posted_state = 'booked' and posted_customer_id is not null)",
            name="allocated_when_booked",
        ),
        unique("id"),
        unique("reference_key", "direction", "currency"),
        Index(None, "tenant_id", "received_on", "id"),
        Index(None, "tenant_id", "customer_id", "received_on"),
        Index("ix_payments_due", "created_at", postgresql_where=text(DUE)),
        Index("ix_payments_waiting", "customer_id", "currency", postgresql_where=text(WAITING)),
        Index("ix_payments_unallocated", "tenant_id", "customer_id", postgresql_where=text("allocated < amount")),
    )

    customer_id: Mapped[UUID | None]
    bank_account_id: Mapped[UUID | None]
    direction: Mapped[str] = mapped_column(Text)
    amount: Mapped[Decimal]
    currency: Mapped[str] = mapped_column(Text)
    received_on: Mapped[date]
    reference: Mapped[str | None] = mapped_column(Text)
    reference_key: Mapped[str | None] = mapped_column(Text)
    note: Mapped[str | None] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    allocated: Mapped[Decimal] = mapped_column(server_default=text("0"), default=Decimal(0))
    posted_state: Mapped[str] = mapped_column(Text, server_default=text("'nothing'"), default=NOTHING)
    posted_customer_id: Mapped[UUID | None]
    waits: Mapped[bool] = mapped_column(server_default=text("true"), default=True)
    tries: Mapped[int] = mapped_column(server_default=text("0"), default=0)
    try_at: Mapped[datetime | None]

    allocations: Mapped[list[Allocation]] = relationship(lazy="raise", order_by=(Allocation.made_at, Allocation.id))

    @classmethod
    def blank(cls) -> Self:
        """A new payment with the defaults."""
        return cls(
            customer_id=None,
            bank_account_id=None,
            reference=None,
            reference_key=None,
            note=None,
            reason=None,
            state=PaymentState.ENTERED.value,
            allocated=Decimal(0),
            posted_state=NOTHING,
            posted_customer_id=None,
            waits=True,
            tries=0,
            allocations=[],
        )

    @property
    def standing(self) -> list[Allocation]:
        """The allocations that were not removed."""
        return [each for each in self.allocations if each.undone_at is None]

    @property
    def unallocated(self) -> Decimal:
        """The rest that waits for an invoice; zero for a payment that is not booked, or outgoing."""
        counts = self.posted_state == PaymentState.BOOKED and self.direction == Direction.IN
        return self.amount - self.allocated if counts else Decimal(0)

    @property
    def verbs(self) -> list[str]:
        """What may be done with it now."""
        found = ["change"] if self.state == PaymentState.REVERSED else ["change", "assign", "reverse"]
        return [*found, "allocations"] if self.unallocated and self.state == PaymentState.BOOKED else found

    def change(self, values: Mapping[str, Any]) -> None:
        """Set fields from validated values in JSON form. Raises `PaymentAllocated` when the customer of an allocated
        payment would change."""
        for field, value in values.items():
            match field:
                case "customer_id":
                    self.assign(UUID(value) if value else None)
                case "bank_account_id":
                    self.bank_account_id = UUID(value) if value else None
                case "reference":
                    self.reference, self.reference_key = value, reference_key(value) if value else None
                case _:
                    setattr(self, field, value)

    def assign(self, customer_id: UUID | None) -> None:
        """Set the customer. Raises `PaymentAllocated` when it settles invoices of another customer."""
        if customer_id != self.customer_id and self.allocated:
            raise PaymentAllocated(allocated=self.allocated, currency=self.currency)
        self.customer_id = customer_id

    def set_amount(self, value: Mapping[str, Any]) -> None:
        """Set the validated value of the group `payment`. Raises `PaymentIsBooked`."""
        if self.posted_state != NOTHING:
            facts = {"amount": self.amount, "currency": self.currency}
            raise PaymentIsBooked(state=self.state, allowed=self.verbs, **facts)
        self.amount, self.currency = Decimal(value["amount"]), value["currency"]
        self.direction, self.received_on = value["direction"], date.fromisoformat(value["received_on"])

    def go(self, state: PaymentState) -> None:
        """Set the next state. Raises `PaymentStepRefused` when the transition is not allowed."""
        present = PaymentState(self.state)
        if (present, state) not in PAYMENT_STEPS:
            raise PaymentStepRefused(state=present, wanted=state, allowed=self.verbs)
        self.state = state.value

    def allocate(self, invoice_id: UUID, number: str, amount: Decimal, how: str, actor: str) -> Allocation:
        """Allocate a part to an invoice. Raises `AllocatedBeyondPayment`."""
        if amount > self.unallocated:
            raise AllocatedBeyondPayment(unallocated=self.unallocated, currency=self.currency, wanted=amount)
        made = Allocation(
            id=uuid7(),
            invoice_id=invoice_id,
            invoice_number=number,
            amount=amount,
            how=how,
            made_by=actor,
            made_at=clock.now(),
            undone_at=None,
        )
        self.allocations.append(made)
        self.allocated += amount
        return made

    def undo(self, allocation: Allocation) -> None:
        """Remove an allocation."""
        allocation.undone_at = clock.now()
        self.allocated -= allocation.amount
