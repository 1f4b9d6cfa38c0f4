"""The tables of bank accounts and payments, and how a payment changes."""

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
from contracts.receivable import PAYMENT_STEPS, Direction, PaymentState, payment_states_after
from records import Plain
from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from erp.tables import Base

NOTHING = "nothing"
DUE = "posted_state <> state or (state = 'booked' and customer_id is distinct from posted_customer_id)"
"""A payment that the books do not have as it stands."""

WAITING = "waits and allocated < amount and direction = 'in' and state = 'booked' and posted_state = 'booked'"
"""A payment whose rest settles the customer's next invoice by itself."""


class PaymentStepRefused(Conflict):
    code = "payment-step-refused"
    title = "The payment's state does not allow this"
    detail = "The payment is {state}."
    hint = "`allowed` lists the states that may come next."


class PaymentIsBooked(Conflict):
    code = "payment-booked"
    title = "A payment that is booked keeps its amount, currency, direction and day"
    hint = "Reverse it, and enter the right one under a reference of its own."


class PaymentAllocated(Conflict):
    code = "payment-allocated"
    title = "The payment settles invoices of its customer"
    detail = "{allocated} {currency} of it is allocated."
    hint = "Undo its allocations first."


class AllocatedBeyondPayment(Conflict):
    code = "allocated-beyond-payment"
    title = "More would be allocated than the payment has left"
    detail = "{unallocated} {currency} is left; {wanted} is more."
    hint = "Allocate at most what is left, or undo another allocation first."


class AllocationKept(Conflict):
    code = "allocation-kept"
    title = "What a payment settles is decided here"
    hint = "Allocate it by POST /v1/payments/{id}/allocations of the ERP."


class BankAccount(Plain, Base):
    """An account of ours at a bank; the IBAN in its one form."""

    __tablename__ = "bank_accounts"
    __table_args__ = (unique("id"), unique("iban"))

    name: Mapped[str] = mapped_column(Text)
    iban: Mapped[str] = mapped_column(Text)
    currency: Mapped[str] = mapped_column(Text)


class Allocation(Base):
    """A part of a payment that settles an invoice. One that was undone stays, with `undone_at`."""

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


class Payment(Replicated, Base):
    """Money that arrived (`in`) or left (`out`). Without a customer it is nobody's yet.

    `state` is what shall be, `posted_state` and `posted_customer_id` what the books have: another system may book on
    paper, assign or reverse by delivery, and the worker carries that out. `tries` and `try_at` pace it. What is left of
    one that `waits` settles invoices as they come.
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
        """The allocations that were not undone."""
        return [each for each in self.allocations if each.undone_at is None]

    @property
    def unallocated(self) -> Decimal:
        """What waits for an invoice; nothing of a payment that is not booked, or that went out."""
        counts = self.posted_state == PaymentState.BOOKED and self.direction == Direction.IN
        return self.amount - self.allocated if counts else Decimal(0)

    def change(self, values: Mapping[str, Any]) -> None:
        """Set fields from validated values in JSON form. Raises `PaymentAllocated` when another customer would pay."""
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
        """Say whose payment it is. Raises `PaymentAllocated` when it settles invoices of another customer."""
        if customer_id != self.customer_id and self.allocated:
            raise PaymentAllocated(allocated=self.allocated, currency=self.currency)
        self.customer_id = customer_id

    def set_amount(self, value: Mapping[str, Any]) -> None:
        """Take the checked value of the group `payment`. Raises `PaymentIsBooked`."""
        if self.posted_state != NOTHING:
            allowed = payment_states_after(self.state)
            raise PaymentIsBooked(state=self.state, allowed=allowed, amount=self.amount, currency=self.currency)
        self.amount, self.currency = Decimal(value["amount"]), value["currency"]
        self.direction, self.received_on = value["direction"], date.fromisoformat(value["received_on"])

    def go(self, state: PaymentState) -> None:
        """Take the next state. Raises `PaymentStepRefused` when it may not follow."""
        present = PaymentState(self.state)
        if (present, state) not in PAYMENT_STEPS:
            raise PaymentStepRefused(state=present, wanted=state, allowed=payment_states_after(present))
        self.state = state.value

    def allocate(self, invoice_id: UUID, number: str, amount: Decimal, how: str, actor: str) -> Allocation:
        """Set a part aside for an invoice. Raises `AllocatedBeyondPayment`."""
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
        """Take an allocation back."""
        allocation.undone_at = clock.now()
        self.allocated -= allocation.amount
