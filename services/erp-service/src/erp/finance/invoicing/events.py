"""What invoicing announces. Both kinds of document are written here alone; other systems only read them."""

from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

from chassis.errors import Conflict
from chassis.replication import Group, Kind, fields
from contracts.receivable import InvoiceDocument, InvoiceLine, Settlement

from erp.finance.invoicing import queries
from erp.finance.invoicing.models import CreditNote, DocumentLine, Invoice


class IssuedHere(Conflict):
    """Documents of the books come from the books."""

    code = "issued-here"
    title = "Invoices and credit notes are written by the ERP alone"
    hint = "Issue it here: POST /v1/invoices or /v1/credit-notes; what is wrong is put right by a credit note."


def _refuse(*_: Any) -> NoReturn:
    raise IssuedHere()


def _create(_values: Mapping[str, Any]) -> NoReturn:
    raise IssuedHere()


def _document(row: Invoice | CreditNote) -> dict[str, Any]:
    value = InvoiceDocument.model_validate(
        {
            "number": row.number,
            "issued_on": row.issued_on,
            "due_on": row.due_on if isinstance(row, Invoice) else None,
            "currency": row.currency,
            "net": row.net,
            "tax": row.tax,
            "total": row.total,
            "taxes": row.taxes,
        }
    )
    return value.model_dump(mode="json")


def _lines(lines: Iterable[DocumentLine]) -> list[dict[str, Any]]:
    return [
        InvoiceLine(
            order_line=line.order_line_id,
            description=line.description,
            quantity=line.quantity,
            unit_price=line.unit_price,
            discount=line.discount,
            tax_rate=line.tax_rate,
            net=line.net,
        ).model_dump(mode="json")
        for line in lines
    ]


def _settlement(row: Invoice) -> dict[str, Any]:
    value = Settlement(state=row.state, settled=row.settled, open=row.open, dunning_level=row.dunning_level)
    return value.model_dump(mode="json")


def _reference(name: str) -> Group:
    return Group(name, lambda row: {name: str(getattr(row, f"{name}_id"))}, _refuse, reference=name)


INVOICE = Kind(
    "invoice",
    system="erp",
    create=_create,
    rows=queries.rows,
    groups=(
        _reference("customer"),
        fields("document", _document, _refuse),
        fields("lines", lambda row: _lines(row.lines), _refuse),
        fields("settlement", _settlement, _refuse),
    ),
)

CREDIT_NOTE = Kind(
    "credit_note",
    system="erp",
    create=_create,
    rows=queries.credit_note_rows,
    groups=(
        _reference("customer"),
        _reference("invoice"),
        fields("document", _document, _refuse),
        fields("lines", lambda row: _lines(row.lines), _refuse),
    ),
)
