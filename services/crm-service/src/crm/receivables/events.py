"""What receivables announce, and the groups in which they are merged with those of other systems."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from chassis.replication import Group, Kind, Replicated, checked, composed, fields, single
from contracts.groups import GROUPS
from contracts.receivable import Balance as BalanceValue
from contracts.receivable import InvoiceDocument, PaymentAmount, Settlement

from crm.receivables import queries
from crm.receivables.models import Balance, CreditNote, CreditNoteLine, Invoice, InvoiceLine, Payment


def kind(
    name: str, blank: Callable[[], Replicated], rows: queries.Rows, required: Sequence[str], *groups: Group, **more: Any
) -> Kind:
    """A kind whose records are made blank, once every required value is one."""

    def create(values: Mapping[str, Any]) -> Replicated:
        for group in required:
            checked(GROUPS[name][group].value, values.get(group), group)
        return blank()

    return Kind(name, system="crm", create=create, rows=rows, required=tuple(required), groups=groups, **more)


def lines(name: str, line: type[InvoiceLine] | type[CreditNoteLine]) -> Group:
    """The group of all lines of a document."""

    def write(row: Any, value: Any) -> None:
        row.lines = line.listed(checked(GROUPS[name]["lines"].value, value, "lines"))

    return fields("lines", lambda row: [each.value() for each in row.lines] or None, write)


CUSTOMER = single("customer", UUID, field="customer_id", reference="customer")

INVOICE = kind(
    "invoice",
    lambda: Invoice(lines=[]),
    queries.invoice_rows,
    ("customer", "document", "lines", "settlement"),
    CUSTOMER,
    composed("document", InvoiceDocument),
    lines("invoice", InvoiceLine),
    composed("settlement", Settlement),
)
CREDIT_NOTE = kind(
    "credit_note",
    lambda: CreditNote(lines=[]),
    queries.credit_note_rows,
    ("customer", "invoice", "document", "lines"),
    CUSTOMER,
    single("invoice", UUID, field="invoice_id", reference="invoice"),
    composed("document", InvoiceDocument),
    lines("credit_note", CreditNoteLine),
)
PAYMENT = kind(
    "payment",
    Payment.blank,
    queries.payment_rows,
    ("state", "payment"),
    CUSTOMER,
    composed("payment", PaymentAmount),
    *(single(name, GROUPS["payment"][name].value) for name in ("state", "reference", "note", "reason", "allocation")),
    twin=queries.twin,
)
BALANCE = kind(
    "balance",
    Balance,
    queries.balance_rows,
    ("customer", "balance"),
    CUSTOMER,
    composed("balance", BalanceValue),
)
KINDS = (INVOICE, CREDIT_NOTE, PAYMENT, BALANCE)
