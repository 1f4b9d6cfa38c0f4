"""Named reads of receivables."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from crm.receivables.models import Balance, CreditNote, CreditNoteLine, Invoice, InvoiceLine


@dataclass(frozen=True, slots=True)
class Billed:
    """How much of an order line is on an invoice."""

    order_line_id: UUID
    quantity: Decimal
    invoice: Invoice


@dataclass(frozen=True, slots=True)
class Credited:
    """How much of an order line was credited."""

    order_line_id: UUID
    quantity: Decimal
    credit_note: CreditNote


async def billed(session: AsyncSession, order_line_ids: Collection[UUID]) -> list[Billed]:
    """What was billed of these order lines, by date of invoice; a line may be on several."""
    statement = (
        select(InvoiceLine.order_line, InvoiceLine.quantity, Invoice)
        .join(Invoice, Invoice.id == InvoiceLine.invoice_id)
        .where(InvoiceLine.order_line.in_(order_line_ids), Invoice.archived_at.is_(None))
        .order_by(Invoice.issued_on, Invoice.number, InvoiceLine.position)
    )
    return [Billed(line, quantity, invoice) for line, quantity, invoice in await session.execute(statement) if line]


async def credited(session: AsyncSession, order_line_ids: Collection[UUID]) -> list[Credited]:
    """What was credited of these order lines, by date of credit note."""
    statement = (
        select(CreditNoteLine.order_line, CreditNoteLine.quantity, CreditNote)
        .join(CreditNote, CreditNote.id == CreditNoteLine.credit_note_id)
        .where(CreditNoteLine.order_line.in_(order_line_ids), CreditNote.archived_at.is_(None))
        .order_by(CreditNote.issued_on, CreditNote.number, CreditNoteLine.position)
    )
    return [Credited(line, quantity, note) for line, quantity, note in await session.execute(statement) if line]


async def credit_of(session: AsyncSession, customer_id: UUID) -> Sequence[Balance]:
    """What a customer owes and what is left of the credit, one row per currency, as the ERP last told it."""
    statement = select(Balance).where(Balance.customer_id == customer_id, Balance.archived_at.is_(None))
    return (await session.scalars(statement.order_by(Balance.currency))).all()
