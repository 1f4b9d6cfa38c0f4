"""Declarations of invoices and credit notes."""

from chassis import clock
from records import Record
from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import selectinload

from erp.finance.invoicing.events import CREDIT_NOTE, INVOICE
from erp.finance.invoicing.models import CreditNote, CreditNoteLine, Invoice, InvoiceLine
from erp.finance.invoicing.queries import OPEN
from erp.finance.invoicing.schemas import (
    CreditNoteBody,
    CreditNoteFilters,
    CreditNoteOut,
    CreditNoteWithLines,
    InvoiceBody,
    InvoiceFilters,
    InvoiceOut,
    InvoiceState,
    InvoiceWithLines,
)
from erp.parties.customers.records import CUSTOMERS
from erp.sales.orders.records import ORDERS, SHIPMENTS


def _in_state(state: InvoiceState) -> ColumnElement[bool]:
    states: dict[InvoiceState, ColumnElement[bool]] = {
        InvoiceState.OPEN: and_(OPEN, Invoice.settled == 0),
        InvoiceState.PARTLY_PAID: and_(OPEN, Invoice.settled > 0),
        InvoiceState.PAID: ~OPEN,
        InvoiceState.OVERDUE: and_(OPEN, Invoice.due_on < clock.today()),
    }
    return states[state]


INVOICES = Record(
    "invoice",
    row=Invoice,
    body=InvoiceBody,
    out=InvoiceWithLines,
    listed=InvoiceOut,
    filters=InvoiceFilters,
    sort=("number", "issued_on", "due_on", "total", "updated_at"),
    order="-issued_on",
    verbs=("create", "list", "read", "batch", "export"),
    kind=INVOICE,
    expands={"customer_id": CUSTOMERS, "lines.order_id": ORDERS, "lines.shipment_id": SHIPMENTS},
    loads=(selectinload(Invoice.lines),),
    where={
        "state": _in_state,
        "issued_from": lambda day: Invoice.issued_on >= day,
        "issued_until": lambda day: Invoice.issued_on <= day,
        "order_id": lambda order_id: Invoice.id.in_(
            select(InvoiceLine.invoice_id).where(InvoiceLine.order_id == order_id)
        ),
    },
)
CREDIT_LEFT = CreditNote.settled < CreditNote.total
CREDIT_NOTES = Record(
    "credit_note",
    scope="invoices",
    tag="invoices",
    row=CreditNote,
    body=CreditNoteBody,
    out=CreditNoteWithLines,
    listed=CreditNoteOut,
    filters=CreditNoteFilters,
    sort=("number", "issued_on", "updated_at"),
    order="-issued_on",
    verbs=("create", "list", "read", "export"),
    kind=CREDIT_NOTE,
    expands={"customer_id": CUSTOMERS, "invoice_id": INVOICES},
    allows=lambda row: ["use"] if row.open else [],
    actions={"use": ()},
    loads=(selectinload(CreditNote.lines),),
    where={
        "issued_from": lambda day: CreditNote.issued_on >= day,
        "issued_until": lambda day: CreditNote.issued_on <= day,
        "order_id": lambda order_id: CreditNote.id.in_(
            select(CreditNoteLine.credit_note_id).where(CreditNoteLine.order_id == order_id)
        ),
        "unused": lambda wanted: CREDIT_LEFT if wanted else ~CREDIT_LEFT,
    },
)
