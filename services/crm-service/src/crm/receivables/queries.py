"""Named reads of billed, credited and paid amounts; `view` reads open amounts by age."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from contracts.normalise import reference_key
from contracts.receivable import Direction
from sqlalchemy import ColumnElement, exists, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from crm.receivables.models import Balance, CreditNote, CreditNoteLine, Invoice, InvoiceLine, Payment

ONE_AT_A_TIME = text(
    "select pg_advisory_xact_lock(hashtextextended('payment:' || :key || current_setting('app.tenant', true), 0))"
)


@dataclass(frozen=True, slots=True)
class Billed:
    """The invoiced quantity of an order line on one invoice."""

    order_line_id: UUID
    quantity: Decimal
    invoice: Invoice


@dataclass(frozen=True, slots=True)
class Credited:
    """The credited quantity of an order line."""

    order_line_id: UUID
    quantity: Decimal
    credit_note: CreditNote


async def billed(session: AsyncSession, order_line_ids: Collection[UUID]) -> list[Billed]:
    """The invoiced quantities of these order lines, by date of invoice; a line may be on several."""
    statement = (
        select(InvoiceLine.order_line_id, InvoiceLine.quantity, Invoice)
        .join(Invoice, Invoice.id == InvoiceLine.invoice_id)
        .where(InvoiceLine.order_line_id.in_(order_line_ids), Invoice.archived_at.is_(None))
        .order_by(Invoice.issued_on, Invoice.number, InvoiceLine.position)
    )
    return [Billed(line, quantity, invoice) for line, quantity, invoice in await session.execute(statement) if line]


async def credited(session: AsyncSession, order_line_ids: Collection[UUID]) -> list[Credited]:
    """The credited quantities of these order lines, by date of credit note."""
    statement = (
        select(CreditNoteLine.order_line_id, CreditNoteLine.quantity, CreditNote)
        .join(CreditNote, CreditNote.id == CreditNoteLine.credit_note_id)
        .where(CreditNoteLine.order_line_id.in_(order_line_ids), CreditNote.archived_at.is_(None))
        .order_by(CreditNote.issued_on, CreditNote.number, CreditNoteLine.position)
    )
    return [Credited(line, quantity, note) for line, quantity, note in await session.execute(statement) if line]


async def credit_of(session: AsyncSession, customer_id: UUID) -> Sequence[Balance]:
    """The balance and the rest of the credit limit of a customer, one row per currency, as last delivered."""
    statement = select(Balance).where(Balance.customer_id == customer_id, Balance.archived_at.is_(None))
    return (await session.scalars(statement.order_by(Balance.currency))).all()


async def reference_lock(session: AsyncSession, reference: str) -> None:
    """Lock an external reference until the transaction ends."""
    await session.execute(ONE_AT_A_TIME, {"key": reference_key(reference)})


async def known_payment(session: AsyncSession, reference: str, direction: str, currency: str) -> Payment | None:
    """The payment with this external reference."""
    found: Payment | None = await session.scalar(select(Payment).where(*_same(reference, direction, currency)))
    return found


async def twin(session: AsyncSession, values: Mapping[str, Any]) -> bool:
    """Whether an unlinked payment has the same reference, direction and currency."""
    paid, reference = values.get("payment"), values.get("reference")
    if not paid or not reference:
        return False
    same = _same(reference, paid.get("direction", Direction.IN), paid.get("currency"))
    return bool(await session.scalar(select(exists().where(*same, Payment.canonical_id.is_(None)))))


def _same(reference: str, direction: str, currency: str) -> tuple[ColumnElement[bool], ...]:
    key = reference_key(reference)
    return Payment.reference_key == key, Payment.direction == direction, Payment.currency == currency
