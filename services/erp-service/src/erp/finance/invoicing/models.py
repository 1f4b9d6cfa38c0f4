"""The tables of invoices, credit notes and dunning. Only their settlement may change."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from chassis.db import TENANT, JsonObject, unique, uuid7
from chassis.errors import Conflict
from chassis.replication import Replicated
from contracts.receivable import SettlementState
from lines.columns import BilledLine, ChargesBilled
from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, Integer, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from erp.finance.invoicing.rules import DUNNING_DAYS, settlement_state
from erp.tables import Base

ZERO = text("0")


class SettledBeyondTotal(Conflict):
    code = "settled-beyond-total"
    title = "More would be settled than the document's total"
    detail = (
        "The total of {number} is {total} {currency}, of which {settled} is settled; {amount} cannot be added to that."
    )
    hint = "Settle at most the open amount, and undo at most the settled amount."


class CreditedBeyondInvoiced(Conflict):
    code = "credited-beyond-invoiced"
    part = "quantity"
    title = "More would be credited than was invoiced"
    detail = "{left} of this line of {number} is left to credit; {wanted} is more."
    hint = "Read the invoice's lines: at most `quantity` less `credited` can be credited."


class Document(ChargesBilled):
    """The columns of invoices and credit notes. Inserted once; a trigger refuses changes.

    `issuer` and `billed_to` are the sender and the recipient as of that day, with their addresses. `settled` is the
    paid or credited amount, or (of a credit note) the used amount.
    """

    number: Mapped[str] = mapped_column(Text)
    customer_id: Mapped[UUID]
    issued_on: Mapped[date]
    currency: Mapped[str] = mapped_column(Text)
    net: Mapped[Decimal]
    tax: Mapped[Decimal]
    total: Mapped[Decimal]
    taxes: Mapped[list[JsonObject]] = mapped_column(JSONB)
    issuer: Mapped[JsonObject]
    billed_to: Mapped[JsonObject]
    language: Mapped[str] = mapped_column(Text)
    settled: Mapped[Decimal] = mapped_column(server_default=ZERO, default=Decimal(0))

    @property
    def open(self) -> Decimal:
        """The unpaid amount; of a credit note the unused amount."""
        return self.total - self.settled

    def settle(self, amount: Decimal) -> None:
        """Add an amount to `settled`; a negative amount subtracts. Raises `SettledBeyondTotal`."""
        if not 0 <= self.settled + amount <= self.total:
            facts = {"number": self.number, "total": self.total, "currency": self.currency}
            raise SettledBeyondTotal(**facts, settled=self.settled, open=self.open, amount=amount)
        self.settled += amount


class DocumentLine(BilledLine):
    """One line, with the price, discount and tax rate of the order."""

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    order_line_id: Mapped[UUID]
    order_id: Mapped[UUID]
    shipment_id: Mapped[UUID | None]


class InvoiceLine(DocumentLine, Base):
    """The billed part of a shipment. `credited` is the part of `quantity` that credit notes have credited."""

    __tablename__ = "invoice_lines"
    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity"),
        CheckConstraint("credited between 0 and quantity", name="credited"),
        Index(None, "tenant_id", "invoice_id", "position"),
        Index(None, "tenant_id", "order_id"),
        Index(None, "tenant_id", "order_line_id"),
    )

    invoice_id: Mapped[UUID] = mapped_column(ForeignKey("invoices.id"))
    credited: Mapped[Decimal] = mapped_column(server_default=ZERO, default=Decimal(0))

    @property
    def left(self) -> Decimal:
        """The quantity that may still be credited."""
        return self.quantity - self.credited


class CreditNoteLine(DocumentLine, Base):
    """The credited part of an invoice's line; `shipment_id` is its return, if there is one."""

    __tablename__ = "credit_note_lines"
    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity"),
        Index(None, "tenant_id", "credit_note_id", "position"),
        Index(None, "tenant_id", "order_id"),
    )

    credit_note_id: Mapped[UUID] = mapped_column(ForeignKey("credit_notes.id"))
    invoice_line_id: Mapped[UUID] = mapped_column(ForeignKey("invoice_lines.id"))


class Invoice(Replicated, Document, Base):
    """An invoice. `terms` are the payment terms of the issue, None for the company's 30 days."""

    __tablename__ = "invoices"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "customer_id"], ["customers.tenant_id", "customers.id"]),
        CheckConstraint("total = net + tax", name="total"),
        CheckConstraint("settled between 0 and total", name="settled"),
        CheckConstraint("dunning_level between 0 and 9", name="dunning_level"),
        unique("number"),
        unique("id"),
        Index(None, "tenant_id", "issued_on", "id"),
        Index(None, "tenant_id", "customer_id", "issued_on"),
        Index("ix_invoices_open", "tenant_id", "due_on", "number", postgresql_where=text("settled < total")),
    )

    due_on: Mapped[date]
    terms: Mapped[JsonObject | None] = mapped_column(JSONB(none_as_null=True))
    dunning_level: Mapped[int] = mapped_column(server_default=ZERO, default=0)
    dunned_on: Mapped[date | None]

    lines: Mapped[list[InvoiceLine]] = relationship(lazy="raise", order_by=InvoiceLine.position)

    @property
    def state(self) -> SettlementState:
        return settlement_state(self.total, self.settled)

    def overdue(self, on: date) -> bool:
        return self.settled < self.total and self.due_on < on

    def dun(self, level: int, on: date) -> None:
        """Raise the dunning level."""
        self.dunning_level, self.dunned_on = level, on


class CreditNote(Replicated, Document, Base):
    """Credits an invoice or a part of it. Settles the open part of the invoice; the rest stays as credit."""

    __tablename__ = "credit_notes"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "customer_id"], ["customers.tenant_id", "customers.id"]),
        ForeignKeyConstraint(["tenant_id", "invoice_id"], ["invoices.tenant_id", "invoices.id"]),
        CheckConstraint("total = net + tax", name="total"),
        CheckConstraint("settled between 0 and total", name="settled"),
        unique("number"),
        Index(None, "tenant_id", "issued_on", "id"),
        Index(None, "tenant_id", "customer_id", "issued_on"),
        Index(None, "tenant_id", "invoice_id"),
    )

    invoice_id: Mapped[UUID]
    reason: Mapped[str | None] = mapped_column(Text)

    lines: Mapped[list[CreditNoteLine]] = relationship(lazy="raise", order_by=CreditNoteLine.position)


class DunningPolicy(Base):
    """The days overdue of each dunning level; one row, or none for the defaults."""

    __tablename__ = "dunning_policies"

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text(TENANT))
    days: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    version: Mapped[int]

    @classmethod
    def default(cls) -> "DunningPolicy":
        """The policy of a company that has declared none: version 0, not stored."""
        return cls(days=list(DUNNING_DAYS), version=0)
