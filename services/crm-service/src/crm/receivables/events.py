"""Invoices, credit notes, payments and balances in the CRM; `contracts.kinds.receivable` declares their groups."""

from typing import Any

from chassis.replication import Group, checked, fields, kind_from
from contracts.charge import BilledCharges
from contracts.receivable import InvoiceLines
from records import rows_of
from sqlalchemy.orm import selectinload

from contracts import kinds
from crm.receivables import queries
from crm.receivables.models import Balance, CreditNote, CreditNoteLine, Invoice, InvoiceLine, Payment


def lines(line: type[InvoiceLine] | type[CreditNoteLine]) -> Group:
    """The group of all lines of a document."""

    def write(row: Any, value: Any) -> None:
        row.lines = line.listed(checked(InvoiceLines, value, "lines"))

    return fields("lines", lambda row: [each.value() for each in row.lines] or None, write)


def _write_charges(row: Any, value: Any) -> None:
    row.charges = checked(BilledCharges | None, value, "charges") or []


CHARGES = fields("charges", lambda row: row.charges or None, _write_charges)

INVOICE = kind_from(
    kinds.INVOICE,
    lines(InvoiceLine),
    CHARGES,
    system="crm",
    row=Invoice,
    rows=rows_of(Invoice, selectinload(Invoice.lines)),
    create=lambda _values: Invoice(lines=[], charges=[]),
)
CREDIT_NOTE = kind_from(
    kinds.CREDIT_NOTE,
    lines(CreditNoteLine),
    CHARGES,
    system="crm",
    row=CreditNote,
    rows=rows_of(CreditNote, selectinload(CreditNote.lines)),
    create=lambda _values: CreditNote(lines=[], charges=[]),
)
PAYMENT = kind_from(kinds.PAYMENT, system="crm", row=Payment, rows=rows_of(Payment), twin=queries.twin)
BALANCE = kind_from(kinds.BALANCE, system="crm", row=Balance, rows=rows_of(Balance))
KINDS = (INVOICE, CREDIT_NOTE, PAYMENT, BALANCE)
