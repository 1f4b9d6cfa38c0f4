"""PDFs of invoices, credit notes and reminders: in the customer's language, in the document's currency."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Any
from uuid import UUID

from chassis.errors import Conflict
from contracts.money import rounded
from documents import Sender, Writing, address_lines, letter
from lines.paper import charge_cells, columns, line_cells
from records import reads
from sqlalchemy.ext.asyncio import AsyncSession
from templates import Template, printed

from erp.finance.invoicing import queries
from erp.finance.invoicing.models import CreditNote, DocumentLine, Invoice
from erp.finance.invoicing.queries import Delivery
from erp.finance.invoicing.records import INVOICES
from erp.finance.invoicing.words import WORDS

Json = dict[str, Any]
HUNDRED = Decimal(100)
INVOICE, CREDIT_NOTE, REMINDER = TEMPLATES = [
    Template(kind, "erp.finance.invoicing") for kind in ("invoice", "credit_note", "reminder")
]


class NothingToRemindOf(Conflict):
    code = "nothing-to-remind-of"
    title = "The customer has no dunned invoices"
    detail = "None of its open invoices in {currency} has a dunning level."
    hint = "Run the dunning first: POST /v1/dunning-runs."


async def invoice(session: AsyncSession, row: Invoice) -> bytes:
    """The PDF of an invoice."""
    deliveries = await queries.deliveries(session, {line.shipment_id for line in row.lines if line.shipment_id})
    return await printed(session, INVOICE, invoice_data(row, deliveries), row.issued_on, row.created_at)


async def credit_note(session: AsyncSession, row: CreditNote) -> bytes:
    """The PDF of a credit note."""
    returns = await queries.deliveries(session, {line.shipment_id for line in row.lines if line.shipment_id})
    taken_back = await reads.by_id(session, INVOICES, row.invoice_id)
    data = credit_note_data(row, returns, taken_back)
    return await printed(session, CREDIT_NOTE, data, row.issued_on, row.created_at)


async def reminder(session: AsyncSession, customer_id: UUID, currency: str, on: date) -> bytes:
    """The PDF of a reminder letter with a customer's dunned invoices. Raises `NothingToRemindOf`."""
    rows = await queries.dunned(session, customer_id, currency)
    if not rows:
        raise NothingToRemindOf(customer_id=customer_id, currency=currency)
    return await printed(session, REMINDER, reminder_data(rows, on), on)


def invoice_data(row: Invoice, deliveries: Mapping[UUID, Delivery]) -> Json:
    """The template's data of an invoice."""
    say = Writing(WORDS, row.language)
    write = say.formats
    pay = say("pay", amount=write.money(row.total, row.currency), day=write.day(row.due_on), number=row.number)
    facts = [(say("date"), write.day(row.issued_on)), (say("due"), write.day(row.due_on))]
    return {
        **_letter(row, say, say("invoice", number=row.number), [*facts, *_origin(row, say, deliveries)]),
        **_body(row, say, deliveries, "from_delivery"),
        "intro": None,
        "call_out": [pay, *_early(row, say)] if row.total else [],
        "closing": say("thanks"),
    }


def credit_note_data(row: CreditNote, returns: Mapping[UUID, Delivery], taken_back: Invoice) -> Json:
    """The template's data of a credit note."""
    say = Writing(WORDS, row.language)
    day = say.formats.day
    return {
        **_letter(row, say, say("credit_note", number=row.number), [(say("date"), day(row.issued_on))]),
        **_body(row, say, returns, "from_return"),
        "intro": say("takes_back", number=taken_back.number, day=day(taken_back.issued_on)),
        "call_out": [row.reason] if row.reason else [],
        "closing": say("credited"),
    }


def reminder_data(rows: Sequence[Invoice], on: date) -> Json:
    """The template's data of a reminder of these invoices, which are of one customer and currency."""
    newest = max(rows, key=lambda row: (row.issued_on, row.number))
    say = Writing(WORDS, newest.language)
    write = say.formats
    level = max(row.dunning_level for row in rows)
    total = write.money(sum((row.open for row in rows), Decimal(0)), newest.currency)
    cells = [
        [
            row.number,
            write.day(row.issued_on),
            write.day(row.due_on),
            write.number(Decimal((on - row.due_on).days)),
            write.money(row.open, row.currency),
        ]
        for row in rows
    ]
    shown = (("number", "left"), ("date", "left"), ("due", "left"), ("days", "right"), ("open", "right"))
    title = say("reminder" if level == 1 else "reminder_2" if level == 2 else "reminder_3")
    return {
        **_letter(newest, say, title, [(say("date"), write.day(on))]),
        "intro": say("overdue"),
        "columns": [{"label": say(name), "align": side, "wide": name == "number"} for name, side in shown],
        "rows": [{"cells": each} for each in cells],
        "sums": [[say("open"), total]],
        "call_out": [say("pay_now", amount=total)],
        "closing": None,
    }


def _letter(row: Invoice | CreditNote, say: Writing, title: str, facts: Sequence[tuple[str, str]]) -> Json:
    issuer, billed_to = row.issuer, row.billed_to
    home = (issuer["address"] or {}).get("country")
    sender = Sender(
        issuer["name"],
        address_lines(issuer["address"], say.formats, home),
        [say("tax_id", number=issuer["tax_id"])] if issuer["tax_id"] else [],
    )
    recipient = [billed_to["name"], *address_lines(billed_to["address"], say.formats, home)]
    about = [(say("customer"), billed_to["number"])]
    if billed_to["tax_id"]:
        about.append((say("customer_tax_id"), billed_to["tax_id"]))
    return letter(say.formats, title=title, sender=sender, recipient=recipient, facts=[*facts, *about])


def _origin(row: Invoice, say: Writing, deliveries: Mapping[UUID, Delivery]) -> list[tuple[str, str]]:
    """Order and date of delivery, if all lines have the same; otherwise they are printed between the lines."""
    if len(deliveries) != 1:
        return []
    (delivery,) = deliveries.values()
    named = [(say("order"), delivery.order), (say("reference"), delivery.reference)]
    facts = [(label, value) for label, value in named if value]
    return [*facts, (say("delivered"), say.formats.day(delivery.on))]


def _body(row: Invoice | CreditNote, say: Writing, places: Mapping[UUID, Delivery], heading: str) -> Json:
    discounted = any(line.discount for line in row.lines)
    return {
        "columns": columns(say, discounted),
        "rows": list(_rows(row, say, places, heading, discounted)),
        "sums": _sums(row, say),
    }


def _rows(
    row: Invoice | CreditNote, say: Writing, places: Mapping[UUID, Delivery], heading: str, discounted: bool
) -> Iterator[Json]:
    every: Sequence[DocumentLine] = row.lines
    for place, lines in groupby(every, key=lambda line: line.shipment_id):
        delivery = places.get(place) if place and (len(places) > 1 or isinstance(row, CreditNote)) else None
        if delivery:
            day = say.formats.day(delivery.on)
            yield {"heading": say(heading, order=delivery.order or "", number=delivery.number, day=day)}
        yield from ({"cells": line_cells(line, line.net, row.currency, say, discounted)} for line in lines)
    yield from ({"cells": charge_cells(each, row.currency, say, discounted)} for each in row.charged)


def _sums(row: Invoice | CreditNote, say: Writing) -> list[list[str]]:
    write, currency = say.formats, row.currency
    taxes = [
        [
            say("tax_of", rate=write.percent(Decimal(tax["rate"])), net=write.money(Decimal(tax["net"]), currency)),
            write.money(Decimal(tax["tax"]), currency),
        ]
        for tax in row.taxes
    ]
    return [[say("net"), write.money(row.net, currency)], *taxes, [say("total"), write.money(row.total, currency)]]


def _early(row: Invoice, say: Writing) -> list[str]:
    """The discount for early payment, if the terms have one."""
    terms = row.terms or {}
    if not terms.get("discount_percent") or terms.get("discount_days") is None:
        return []
    percent = Decimal(terms["discount_percent"]) / HUNDRED
    amount = say.formats.money(rounded(row.total * (1 - percent), row.currency), row.currency)
    day = say.formats.day(row.issued_on + timedelta(days=terms["discount_days"]))
    return [say("early", day=day, percent=say.formats.percent(percent), amount=amount)]
