"""Invoices and credit notes as the ERP announces them. Only the ERP writes them."""

from collections.abc import Iterable
from typing import Any

from chassis.errors import Conflict
from chassis.replication import fields, kind_from
from contracts.receivable import InvoiceDocument, InvoiceLine
from records import rows_of
from sqlalchemy.orm import selectinload

from contracts import kinds
from erp.finance.invoicing import queries
from erp.finance.invoicing.models import CreditNote, DocumentLine, Invoice


class IssuedHere(Conflict):
    """Invoices and credit notes are not accepted from other systems."""

    code = "issued-here"
    title = "Only the ERP writes invoices and credit notes"
    hint = "Issue it in the ERP: POST /v1/invoices or /v1/credit-notes; correct errors by a credit note."


def _credit_note(row: CreditNote) -> dict[str, Any]:
    value = InvoiceDocument(
        number=row.number,
        issued_on=row.issued_on,
        currency=row.currency,
        net=row.net,
        tax=row.tax,
        total=row.total,
        taxes=row.taxes,
    )
    return value.model_dump(mode="json")


def _lines(lines: Iterable[DocumentLine]) -> list[dict[str, Any]]:
    return [
        InvoiceLine(
            order_line_id=line.order_line_id,
            description=line.description,
            quantity=line.quantity,
            unit_price=line.unit_price,
            discount=line.discount,
            tax_rate=line.tax_rate,
            net=line.net,
        ).model_dump(mode="json")
        for line in lines
    ]


LINES = fields("lines", lambda row: _lines(row.lines))
CHARGES = fields("charges", lambda row: row.charges or None)

INVOICE = kind_from(kinds.INVOICE, LINES, CHARGES, system="erp", row=Invoice, rows=queries.rows, closed=IssuedHere)
CREDIT_NOTE = kind_from(
    kinds.CREDIT_NOTE,
    fields("document", _credit_note),
    LINES,
    CHARGES,
    system="erp",
    row=CreditNote,
    rows=rows_of(CreditNote, selectinload(CreditNote.lines)),
    closed=IssuedHere,
)
