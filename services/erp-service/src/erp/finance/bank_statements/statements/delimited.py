"""Bank statements as CSV: columns differ between banks, so the sender declares the field of each."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from hashlib import sha256
from io import BytesIO
from typing import Any

from contracts.receivable import Direction
from importing.delimited import NotDelimited, Record, opened
from localisation import Phrase

from erp.finance.bank_statements.statements.movements import (
    ReadLine,
    ReadStatement,
    iban_text,
    known_currency,
    plain_text,
    reference_text,
    unreadable,
    with_keys,
)

CSV = "csv"
REQUIRED = ("booked_on", "amount")
FIELDS = (
    *REQUIRED, "currency", "end_to_end_id", "bank_reference", "counterparty_name", "counterparty_iban", "remittance",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Layout:
    """The layout of a bank's CSV: `columns` is `Buchungstag=booked_on,Betrag=amount`; a negative amount is outgoing.

    Without `columns`, columns with the names of our fields are used. `currency` is the default of rows without one.
    """

    currency: str
    columns: str | None = None
    date_format: str = "%Y-%m-%d"
    decimal_comma: bool = False


def read_csv(content: bytes, layout: Layout) -> ReadStatement:
    """The statement in a CSV file; the same bytes are the same statement. Raises `StatementUnreadable`."""
    try:
        records = list(opened(BytesIO(content), "UTF-8-SIG").records())
    except NotDelimited as error:
        raise unreadable(Phrase("not CSV: {error}", error=error)) from None
    header = [name.strip() for name in records[0].cells] if records else []
    mapping = _mapping(header, layout.columns)
    lines = [
        _line(_values(header, record, mapping), layout, f"line {record.line}")
        for record in records[1:]
        if any(cell.strip() for cell in record.cells)
    ]
    moved = [line for line in lines if line.amount]
    days = [line.booked_on for line in moved]
    return ReadStatement(
        identifier=f"csv:{sha256(content).hexdigest()[:40]}",
        format=CSV,
        iban=None,
        lines=with_keys(moved),
        opened_on=min(days, default=None),
        closed_on=max(days, default=None),
    )


def _mapping(header: list[str], columns: str | None) -> dict[str, str]:
    has = f"the file has: {', '.join(header)}"
    if columns is None:
        mapping = {name: name for name in header if name in FIELDS}
    else:
        pairs = [pair.rpartition("=") for pair in columns.split(",")]
        mapping = {column.strip(): field.strip() for column, _, field in pairs}
    if missing := [column for column in mapping if column not in header]:
        raise unreadable(
            Phrase("there is no column {missing}; {has}", missing=", ".join(map(repr, missing)), has=has), "columns"
        )
    if unknown := [field for field in mapping.values() if field not in FIELDS]:
        raise unreadable(
            Phrase(
                "there is no field {unknown}; fields: {fields}",
                unknown=", ".join(map(repr, unknown)),
                fields=", ".join(FIELDS),
            ),
            "columns",
        )
    if unfilled := [field for field in REQUIRED if field not in mapping.values()]:
        raise unreadable(Phrase("no column fills {unfilled}; {has}", unfilled=", ".join(unfilled), has=has), "columns")
    return mapping


def _values(header: list[str], record: Record, mapping: Mapping[str, str]) -> dict[str, str]:
    """Cells by field; the values of two columns for one field are combined."""
    if any(cell.strip() for cell in record.cells[len(header) :]):
        raise unreadable(
            Phrase("it has {cells} cells, the header {header}", cells=len(record.cells), header=len(header)),
            f"line {record.line}",
        )
    named = dict(zip(header, record.cells, strict=False))
    values: dict[str, str] = {}
    for column, field in mapping.items():
        values[field] = " ".join(text for text in (values.get(field, ""), named.get(column, "").strip()) if text)
    return values


def _line(values: Mapping[str, str], layout: Layout, where: str) -> ReadLine:
    amount = _amount(values["amount"], layout.decimal_comma, f"{where}: amount")
    what: dict[str, Any] = {
        "bank_reference": reference_text(values.get("bank_reference")),
        "end_to_end_id": reference_text(values.get("end_to_end_id")),
        "counterparty_name": plain_text(values.get("counterparty_name"), "name"),
        "counterparty_iban": iban_text(values.get("counterparty_iban")),
        "remittance": plain_text(values.get("remittance"), "remittance") or "",
    }
    return ReadLine(
        _day(values["booked_on"], layout.date_format, f"{where}: booked_on"),
        Direction.IN if amount > 0 else Direction.OUT,
        abs(amount),
        known_currency(values.get("currency", "").upper() or layout.currency, f"{where}: currency"),
        **what,
    )


def _amount(text: str, decimal_comma: bool, where: str) -> Decimal:
    plain = text.replace(" ", "").replace("\u00a0", "").replace("'", "")
    plain = plain.replace(".", "").replace(",", ".") if decimal_comma else plain.replace(",", "")
    if plain.endswith("-"):
        plain = f"-{plain[:-1]}"
    try:
        amount = Decimal(plain)
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or abs(amount) >= Decimal(10) ** 15 or amount != round(amount, 4):
        raise unreadable(Phrase("{text!r} is not an amount", text=text), where)
    return amount


def _day(text: str, date_format: str, where: str) -> date:
    try:
        return datetime.strptime(text, date_format).replace(tzinfo=UTC).date()
    except ValueError:
        raise unreadable(
            Phrase("{text!r} is not a date written as {date_format}", text=text, date_format=date_format), where
        ) from None
