"""The tables of invoices, credit notes, payments and balances. All except payments are copies that only the ERP
writes."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Self
from uuid import UUID

from chassis.db import JsonObject, Summed, unique, uuid7
from chassis.errors import Conflict
from chassis.replication import Replicated
from contracts.normalise import reference_key
from contracts.receivable import InvoiceLine as LineValue
from contracts.receivable import PaymentState
from custom_fields.columns import OwnFields
from lines.columns import BilledLine, ChargesBilled
from records import FromJson
from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crm.tables import Base

JsonValue = JSONB(none_as_null=True)


class PaymentNotReversible(Conflict):
    code = "payment-not-reversible"
    title = "This payment cannot be reversed here"
    detail = "It is {state}."
    hint = "Reverse a booked payment in the ERP; the reversal is delivered here within moments."


class PaymentSettled(Conflict):
    code = "payment-settled"
    title = "Only a payment that is not booked may be changed"
    detail = "It is {state}."
    hint = "Reverse it in the ERP, and register it again with a new reference."


class Copy(FromJson, Replicated):
    """A record that only the ERP writes: here only deliveries change it."""


class Line(BilledLine):
    """The billed or credited part of one line of an order; `order_line_id` is the line's id in every system."""

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    order_line_id: Mapped[UUID | None] = mapped_column("order_line")

    @classmethod
    def listed(cls, values: Sequence[Mapping[str, Any]]) -> list[Self]:
        """Lines in the order of their values, each validated and in JSON form."""
        lines = []
        for position, value in enumerate(values, 1):
            line, typed = cls(), LineValue.model_validate(value)
            line.position = position
            for field in LineValue.model_fields:
                setattr(line, field, getattr(typed, field))
            lines.append(line)
        return lines

    def value(self) -> dict[str, Any]:
        """The line in its published form."""
        fields = {field: getattr(self, field) for field in LineValue.model_fields}
        return LineValue.model_validate(fields).model_dump(mode="json")


class InvoiceLine(Line, Base):
    """One line of an invoice."""

    __tablename__ = "invoice_lines"
    __table_args__ = (Index(None, "invoice_id"), Index(None, "tenant_id", "order_line"))

    invoice_id: Mapped[UUID] = mapped_column(ForeignKey("invoices.id"))


class CreditNoteLine(Line, Base):
    """One line of a credit note."""

    __tablename__ = "credit_note_lines"
    __table_args__ = (Index(None, "credit_note_id"), Index(None, "tenant_id", "order_line"))

    credit_note_id: Mapped[UUID] = mapped_column(ForeignKey("credit_notes.id"))


class Document(ChargesBilled, Copy):
    """The header of an invoice or a credit note; `taxes` in its published JSON form."""

    customer_id: Mapped[UUID]
    number: Mapped[str] = mapped_column(Text)
    issued_on: Mapped[date]
    due_on: Mapped[date | None]
    currency: Mapped[str] = mapped_column(Text)
    net: Mapped[Decimal]
    tax: Mapped[Decimal]
    total: Mapped[Decimal]
    taxes: Mapped[list[JsonObject]] = mapped_column(JSONB)


class Invoice(Document, Base):
    """An invoice and its settlement: `state` is open, partly_paid or paid."""

    __tablename__ = "invoices"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "customer_id"], ["customers.tenant_id", "customers.id"]),
        unique("id"),
        Index(None, "tenant_id", "number"),
        Index(None, "tenant_id", "issued_on", "id"),
        Index(None, "tenant_id", "customer_id", "due_on"),
        # Ages are sums over these rows alone: a partial index excludes paid invoices.
        Index("ix_invoices_open", "tenant_id", "currency", "customer_id", postgresql_where=text("open > 0")),
    )

    state: Mapped[str] = mapped_column(Text)
    settled: Mapped[Decimal]
    open: Mapped[Decimal]
    dunning_level: Mapped[int]

    lines: Mapped[list[InvoiceLine]] = relationship(
        lazy="raise", order_by=InvoiceLine.position, cascade="all, delete-orphan"
    )


class CreditNote(Document, Base):
    """A credit note of an invoice."""

    __tablename__ = "credit_notes"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "customer_id"], ["customers.tenant_id", "customers.id"]),
        ForeignKeyConstraint(["tenant_id", "invoice_id"], ["invoices.tenant_id", "invoices.id"]),
        Index(None, "tenant_id", "number"),
        Index(None, "tenant_id", "issued_on", "id"),
        Index(None, "tenant_id", "customer_id"),
        Index(None, "tenant_id", "invoice_id"),
    )

    invoice_id: Mapped[UUID]

    lines: Mapped[list[CreditNoteLine]] = relationship(
        lazy="raise", order_by=CreditNoteLine.position, cascade="all, delete-orphan"
    )


class Payment(OwnFields, FromJson, Replicated, Base):
    """A payment. `reference_key`, direction and currency identify it, here and in the ERP.

    `allocation` is, in its published JSON form, what it settles, as booked by the ERP.
    """

    __tablename__ = "payments"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "customer_id"], ["customers.tenant_id", "customers.id"]),
        CheckConstraint("state in ('entered', 'booked', 'reversed')", name="state"),
        CheckConstraint("direction in ('in', 'out')", name="direction"),
        unique("reference_key", "direction", "currency"),
        Index(None, "tenant_id", "received_on", "id"),
        Index(None, "tenant_id", "customer_id", "received_on"),
    )

    customer_id: Mapped[UUID | None]
    state: Mapped[str] = mapped_column(Text)
    amount: Mapped[Decimal]
    currency: Mapped[str] = mapped_column(Text)
    direction: Mapped[str] = mapped_column(Text)
    received_on: Mapped[date]
    reference: Mapped[str | None] = mapped_column(Text)
    reference_key: Mapped[str | None] = mapped_column(Text)
    note: Mapped[str | None] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(Text)
    allocation: Mapped[JsonObject | None] = mapped_column(JsonValue)

    @classmethod
    def blank(cls) -> Self:
        """A new payment with the defaults."""
        return cls(
            customer_id=None, state="entered", reference=None, reference_key=None, note=None, reason=None,
            allocation=None,
        )  # fmt: skip

    def change(self, values: Mapping[str, Any]) -> None:
        """Set fields from validated values in JSON form; other fields are unchanged."""
        super().change(values)
        self.reference_key = reference_key(self.reference) if self.reference else None

    @property
    def verbs(self) -> list[str]:
        """What may be done with it here; once the ERP knows it, its fields are the ERP's."""
        if self.state != PaymentState.ENTERED:
            return []
        return ["reverse"] if self.canonical_id else ["change", "reverse"]

    def may_be_changed(self) -> None:
        """Raises `PaymentSettled` unless it is only entered."""
        if self.state != PaymentState.ENTERED:
            raise PaymentSettled(state=self.state, allowed=self.verbs)

    def reverse(self, reason: str) -> None:
        """Reverse an entered payment. Raises `PaymentNotReversible`: the ERP reverses booked ones."""
        if self.state != PaymentState.ENTERED:
            raise PaymentNotReversible(state=self.state, allowed=self.verbs)
        self.state, self.reason = PaymentState.REVERSED.value, reason


class Balance(Copy, Base):
    """The balance of a customer in one currency and the rest of the credit limit; `updated_at` is the time of the
    data."""

    __tablename__ = "balances"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "customer_id"], ["customers.tenant_id", "customers.id"]),
        unique("customer_id", "currency"),
    )

    customer_id: Mapped[UUID]
    currency: Mapped[str] = mapped_column(Text)
    open: Mapped[Summed]
    on_order: Mapped[Summed]
    credit_limit: Mapped[Decimal | None]
    credit_left: Mapped[Summed | None]
    blocked: Mapped[bool]
