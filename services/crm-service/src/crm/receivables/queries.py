"""Named reads of invoices, credit notes, payments and balances; what is owed, by age, is read by `view`."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

from chassis.errors import NotFound
from chassis.pages import Sorting
from contracts.normalise import reference_key
from contracts.receivable import Direction
from sqlalchemy import ColumnElement, Select, exists, func, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from crm.receivables.models import Balance, CreditNote, CreditNoteLine, Invoice, InvoiceLine, Payment
from crm.receivables.rules import on_or_today
from crm.receivables.schemas import CreditNoteFilters, DocumentFilters, InvoiceFilters, PaymentFilters

Found = TypeVar("Found")
Rows = Callable[[AsyncSession, Sequence[UUID], Sequence[UUID]], Awaitable[Sequence[Any]]]
Wanted = tuple[Any, Callable[[Any], ColumnElement[bool]]]
"""What a filter asks for, or None, and the condition on a row."""
ONE_AT_A_TIME = text(
    "select pg_advisory_xact_lock(hashtextextended('payment:' || :key || current_setting('app.tenant', true), 0))"
)

INVOICE_ORDERS = Sorting(
    {
        "number": Invoice.number,
        "issued_on": Invoice.issued_on,
        "due_on": Invoice.due_on,
        "total": Invoice.total,
        "open": Invoice.open,
        "updated_at": Invoice.updated_at,
    },
    Invoice.id,
    "-issued_on",
)
CREDIT_NOTE_ORDERS = Sorting(
    {
        "number": CreditNote.number,
        "issued_on": CreditNote.issued_on,
        "total": CreditNote.total,
        "updated_at": CreditNote.updated_at,
    },
    CreditNote.id,
    "-issued_on",
)
PAYMENT_ORDERS = Sorting(
    {
        "received_on": Payment.received_on,
        "amount": Payment.amount,
        "created_at": Payment.created_at,
        "updated_at": Payment.updated_at,
    },
    Payment.id,
    "-received_on",
)


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


def _rows(model: type[Any], *options: Any) -> Rows:
    async def found(session: AsyncSession, ids: Sequence[UUID], canonical_ids: Sequence[UUID]) -> Sequence[Any]:
        either = or_(model.id.in_(ids), model.canonical_id.in_(canonical_ids))
        statement = select(model).options(*options).where(either).order_by(model.id).with_for_update()
        return (await session.scalars(statement.execution_options(populate_existing=True))).all()

    return found


invoice_rows = _rows(Invoice, selectinload(Invoice.lines))
credit_note_rows = _rows(CreditNote, selectinload(CreditNote.lines))
payment_rows = _rows(Payment)
balance_rows = _rows(Balance)


async def invoice(session: AsyncSession, invoice_id: UUID) -> Invoice:
    """One invoice with its lines. Raise `NotFound`."""
    statement = select(Invoice).options(selectinload(Invoice.lines)).where(Invoice.id == invoice_id)
    return _there(await session.scalar(statement), invoice_id)


async def credit_note(session: AsyncSession, credit_note_id: UUID) -> CreditNote:
    """One credit note with its lines. Raise `NotFound`."""
    statement = select(CreditNote).options(selectinload(CreditNote.lines)).where(CreditNote.id == credit_note_id)
    return _there(await session.scalar(statement), credit_note_id)


async def payment(session: AsyncSession, payment_id: UUID) -> Payment:
    """One payment. Raise `NotFound`."""
    return _there(await session.scalar(select(Payment).where(Payment.id == payment_id)), payment_id)


async def payment_for_update(session: AsyncSession, payment_id: UUID) -> Payment:
    """One payment, locked until the transaction ends. Raise `NotFound`."""
    found: Sequence[Payment] = await payment_rows(session, [payment_id], [])
    return _there(next(iter(found), None), payment_id)


async def reference_lock(session: AsyncSession, reference: str) -> None:
    """Queue for an external reference until the transaction ends."""
    await session.execute(ONE_AT_A_TIME, {"key": reference_key(reference)})


async def known_payment(session: AsyncSession, reference: str, direction: str, currency: str) -> Payment | None:
    """The payment that has this external reference."""
    found: Payment | None = await session.scalar(select(Payment).where(*_same(reference, direction, currency)))
    return found


async def twin(session: AsyncSession, values: Mapping[str, Any]) -> bool:
    """Whether a payment that no other system knows yet has the same reference, direction and currency."""
    paid, reference = values.get("payment"), values.get("reference")
    if not paid or not reference:
        return False
    same = _same(reference, paid.get("direction", Direction.IN), paid.get("currency"))
    return bool(await session.scalar(select(exists().where(*same, Payment.canonical_id.is_(None)))))


def _same(reference: str, direction: str, currency: str) -> tuple[ColumnElement[bool], ...]:
    key = reference_key(reference)
    return Payment.reference_key == key, Payment.direction == direction, Payment.currency == currency


def invoices(filters: InvoiceFilters) -> Select[Invoice]:
    """The invoices that every filter takes."""
    statement = select(Invoice).where(*_documents(Invoice, InvoiceLine, InvoiceLine.invoice_id, filters))
    if filters.state is not None:
        statement = statement.where(Invoice.state == filters.state)
    if filters.overdue is not None:
        due_on = func.coalesce(Invoice.due_on, Invoice.issued_on)
        late = (due_on < on_or_today(filters.on)) & (Invoice.open > 0)
        statement = statement.where(late if filters.overdue else ~late)
    return statement


def credit_notes(filters: CreditNoteFilters) -> Select[CreditNote]:
    """The credit notes that every filter takes."""
    found = _documents(CreditNote, CreditNoteLine, CreditNoteLine.credit_note_id, filters)
    statement = select(CreditNote).where(*found)
    if filters.invoice_id is not None:
        statement = statement.where(CreditNote.invoice_id == filters.invoice_id)
    return statement


def _documents(
    model: type[Invoice] | type[CreditNote], line: Any, belongs_to: Any, filters: DocumentFilters
) -> list[ColumnElement[bool]]:
    wanted: list[Wanted] = [
        (filters.customer_id, model.customer_id.__eq__),
        (filters.number, model.number.__eq__),
        (filters.currency, model.currency.__eq__),
        (filters.canonical_id, model.canonical_id.__eq__),
        (filters.issued_from, model.issued_on.__ge__),
        (filters.issued_to, model.issued_on.__le__),
        (filters.updated_since, model.updated_at.__ge__),
        (filters.order_line_id or None, lambda ids: model.id.in_(select(belongs_to).where(line.order_line.in_(ids)))),
    ]
    return [model.archived_at.is_(None), *_holding(wanted)]


def payments(filters: PaymentFilters) -> Select[Payment]:
    """The payments that every filter takes."""
    wanted: list[Wanted] = [
        (filters.customer_id, Payment.customer_id.__eq__),
        (filters.state, Payment.state.__eq__),
        (filters.direction, Payment.direction.__eq__),
        (filters.currency, Payment.currency.__eq__),
        (filters.reference and reference_key(filters.reference), Payment.reference_key.__eq__),
        (filters.received_from, Payment.received_on.__ge__),
        (filters.received_to, Payment.received_on.__le__),
        (filters.canonical_id, Payment.canonical_id.__eq__),
        (filters.updated_since, Payment.updated_at.__ge__),
    ]
    return select(Payment).where(*_holding(wanted))


def _holding(wanted: Sequence[Wanted]) -> list[ColumnElement[bool]]:
    return [condition(value) for value, condition in wanted if value is not None]


def _there(found: Found | None, record_id: UUID) -> Found:
    if found is None:
        raise NotFound(id=record_id)
    return found
