"""Declarations of invoices, credit notes and payments."""

from datetime import date
from typing import Any

from contracts.normalise import reference_key
from records import READ_ONLY, Meanings, Record, routes
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import selectinload

from crm.parties.customers.records import CUSTOMERS
from crm.receivables import checks
from crm.receivables.events import PAYMENT
from crm.receivables.models import CreditNote, CreditNoteLine, Invoice, InvoiceLine, Payment
from crm.receivables.rules import on_or_today
from crm.receivables.schemas import (
    CreditNoteFilters,
    CreditNoteOut,
    CreditNoteWithLines,
    InvoiceFilters,
    InvoiceOut,
    InvoiceWithLines,
    PaymentAsItIs,
    PaymentBody,
    PaymentFilters,
    PaymentOut,
)


def _of_document(document: Any, line: Any, belongs_to: Any) -> Meanings:
    """The filters that both documents share."""
    return {
        "order_line_id": lambda ids: document.id.in_(select(belongs_to).where(line.order_line_id.in_(ids))),
        "issued_from": lambda day: document.issued_on >= day,
        "issued_until": lambda day: document.issued_on <= day,
    }


def _overdue(on: date | None) -> ColumnElement[bool]:
    return (func.coalesce(Invoice.due_on, Invoice.issued_on) < on_or_today(on)) & (Invoice.open > 0)


INVOICES = Record(
    "invoice",
    tag="receivables",
    row=Invoice,
    out=InvoiceWithLines,
    listed=InvoiceOut,
    items=lambda row, filters: InvoiceOut.of(row, on=filters.on),
    filters=InvoiceFilters,
    among=select(Invoice).where(Invoice.archived_at.is_(None)),
    sort=("number", "issued_on", "due_on", "total", "open", "updated_at"),
    order="-issued_on",
    verbs=READ_ONLY,
    loads=(selectinload(Invoice.lines),),
    expands={"customer_id": CUSTOMERS},
    where={
        **_of_document(Invoice, InvoiceLine, InvoiceLine.invoice_id),
        ("overdue", "on"): lambda wanted, on: _overdue(on) if wanted else ~_overdue(on),
    },
)
CREDIT_NOTES = Record(
    "credit_note",
    scope="invoices",
    tag="receivables",
    row=CreditNote,
    out=CreditNoteWithLines,
    listed=CreditNoteOut,
    filters=CreditNoteFilters,
    among=select(CreditNote).where(CreditNote.archived_at.is_(None)),
    sort=("number", "issued_on", "total", "updated_at"),
    order="-issued_on",
    verbs=READ_ONLY,
    loads=(selectinload(CreditNote.lines),),
    expands={"customer_id": CUSTOMERS, "invoice_id": INVOICES},
    where=_of_document(CreditNote, CreditNoteLine, CreditNoteLine.credit_note_id),
)
PAYMENTS = Record(
    "payment",
    tag="receivables",
    row=Payment,
    body=PaymentAsItIs,
    new=PaymentBody,
    out=PaymentOut,
    filters=PaymentFilters,
    sort=("received_on", "amount", "created_at", "updated_at"),
    order="-received_on",
    verbs=("create", "list", "read", "change", "export"),
    kind=PAYMENT,
    allows=lambda row: row.verbs,
    actions={"reverse": ()},
    where={
        "reference": lambda reference: Payment.reference_key == reference_key(reference),
        "received_from": lambda day: Payment.received_on >= day,
        "received_until": lambda day: Payment.received_on <= day,
    },
    refers={"customer_id": CUSTOMERS},
    kept_once_linked=dict.fromkeys(PaymentBody.model_fields.keys() - {"custom"}, "erp"),
    prepare=checks.payment,
)
invoices = routes(
    INVOICES,
    says={
        "list": "The ERP's invoices, the latest first unless `sort` is given (number, due_on, total, open, ...).",
        "read": "One invoice with its lines; `order_line_id` is the id of the billed line of the order.",
    },
)
credit_notes = routes(CREDIT_NOTES, says={"read": "One credit note with its lines."})
payments = routes(
    PAYMENTS,
    names={"create": "register_payment"},
    says={
        "create": "Register a payment. The ERP books it within moments and reports what it settles.",
        "read": "One payment, with what it settles once the ERP has booked it.",
        "change": "Correct a payment that the ERP has not booked.",
    },
)
