"""Credit notes. An invoice is never changed: errors are corrected by a credit note."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

import numbering
from chassis import clock, replication
from chassis.errors import Conflict, NotFound, about_one_of
from contracts.charge import BilledCharge
from contracts.money import Totals, charged
from contracts.receivable import TaxAmount
from localisation import Phrase
from records import reads
from sqlalchemy.ext.asyncio import AsyncSession

from erp.finance.invoicing import queries
from erp.finance.invoicing.commands.parties import parties
from erp.finance.invoicing.commands.settling import settle
from erp.finance.invoicing.events import CREDIT_NOTE
from erp.finance.invoicing.models import CreditedBeyondInvoiced, CreditNote, CreditNoteLine, Invoice, InvoiceLine
from erp.finance.invoicing.records import CREDIT_NOTES
from erp.finance.invoicing.rules import CREDIT_NOTE_NUMBERS, NOTHING, credit_totals, creditable, part_net, shared_out
from erp.finance.invoicing.schemas import CreditNoteBody, ReturnsBody, UseBody
from erp.ledger import commands as ledger
from erp.ledger import queries as ledger_queries
from erp.ledger.rules import Source
from erp.sales.orders import commands as order_commands
from erp.sales.orders.models import Order, Shipment, ShipmentLine
from erp.sales.orders.records import ORDERS, SHIPMENTS


class NothingToCredit(Conflict):
    code = "nothing-to-credit"
    title = "There is nothing left to credit"
    detail = "{what} was not invoiced, or is credited already."
    hint = "GET /v1/credit-notes?invoice_id=... lists the credit notes."


class NotAReturn(Conflict):
    code = "not-a-return"
    title = "Only a return is credited this way"
    detail = "{number} is a shipment."
    hint = "Register the return first; or credit lines of the invoice: POST /v1/credit-notes."


class OtherCustomer(Conflict):
    code = "credit-of-another"
    title = "The credit does not belong to this invoice's customer, or is in another currency"
    hint = "A credit settles invoices of the same customer in the same currency."


class NothingToSettle(Conflict):
    code = "nothing-to-settle"
    title = "The credit is used up, or the invoice is settled"
    hint = "List others: GET /v1/credit-notes?unused=true and GET /v1/invoices?state=open."


@dataclass(frozen=True, slots=True)
class Part:
    """The credited quantity of an invoice's line, and its return, if there is one."""

    line: InvoiceLine
    quantity: Decimal
    return_id: UUID | None = None


async def credit(session: AsyncSession, body: CreditNoteBody, actor: str) -> CreditNote:
    """Credit lines of an invoice, or its whole rest; credited quantities may be invoiced again.

    Settles the open part of the invoice; the rest stays as the customer's credit. Raises `NotFound`,
    `CreditedBeyondInvoiced`, `NothingToCredit`, and the ledger's `PeriodClosed`.
    """
    (invoice,) = await queries.for_update(session, [body.invoice_id])
    taken = await _charges(session, invoice, body)
    parts = _parts(invoice, body)
    await reads.lock_all(session, ORDERS, {part.line.order_id for part in parts})
    shipment_ids = {part.line.shipment_id for part in parts if part.line.shipment_id}
    shipped = _by_place(await reads.lock_all(session, SHIPMENTS, shipment_ids))
    for part in parts:
        if part.line.shipment_id:
            shipped[part.line.shipment_id, part.line.order_line_id].invoiced -= part.quantity
    return await _write(session, invoice, parts, _today(body.issued_on), body.reason, actor, taken)


async def credit_returns(session: AsyncSession, body: ReturnsBody, actor: str) -> list[CreditNote]:
    """Credit the invoiced part of returns: one credit note for each invoice, the newest first.

    Raises `NotFound`, `NotAReturn`, `NothingToCredit`, and the ledger's `PeriodClosed`.
    """
    return_ids = set(body.return_ids)
    invoices = await _invoices_of(session, return_ids)
    found = await reads.lock_all(session, ORDERS, await queries.orders_of(session, return_ids))
    returns = await reads.lock_all(session, SHIPMENTS, return_ids)
    with about_one_of("return_ids", body.return_ids):
        _check_returns(return_ids, returns)
    parts = _returned(found, returns, invoices)
    if not parts:
        raise NothingToCredit(what=", ".join(sorted(each.number for each in returns)))
    notes = []
    for invoice in invoices:
        if ours := [part for part in parts if part.line.invoice_id == invoice.id]:
            notes.append(await _write(session, invoice, ours, _today(body.issued_on), body.reason, actor))
    return notes


async def use_credit(session: AsyncSession, credit_note_id: UUID, body: UseBody, actor: str) -> CreditNote:
    """Settle another invoice with the rest of a credit note; nothing is posted, because the balance does not change.

    Raises `NotFound`, `OtherCustomer`, `NothingToSettle`, `SettledBeyondTotal`.
    """
    (invoice,) = await queries.for_update(session, [body.invoice_id])
    note = await reads.by_id(session, CREDIT_NOTES, credit_note_id, lock=True)
    if (note.customer_id, note.currency) != (invoice.customer_id, invoice.currency):
        raise OtherCustomer(credit_note=note.number, invoice=invoice.number)
    amount = body.amount or min(note.open, invoice.open)
    if not amount:
        raise NothingToSettle(credit_note=note.number, invoice=invoice.number)
    note.settle(amount)
    await settle(session, invoice, amount, actor)
    return note


def _today(day: date | None) -> date:
    return day or clock.today()


async def _charges(session: AsyncSession, invoice: Invoice, body: CreditNoteBody) -> list[BilledCharge]:
    """The charges that are taken back: those named beside lines, or with the whole rest of the invoice all."""
    gone = {each.order_charge for each in await queries.credited_charges(session, invoice.id)}
    left = {each.order_charge: each for each in invoice.charged if each.order_charge not in gone}
    if body.lines is None:
        return list(left.values())
    if unknown := body.charges - left.keys():
        detail = Phrase("{number} has no such charge that is left to credit.", number=invoice.number)
        raise NotFound(id=str(min(unknown)), detail=detail)
    return [each for charge_id, each in left.items() if charge_id in body.charges]


def _parts(invoice: Invoice, body: CreditNoteBody) -> list[Part]:
    if body.lines is None:
        parts = [Part(line, line.left) for line in invoice.lines if line.left]
        if not parts:
            raise NothingToCredit(what=invoice.number)
        return parts
    by_id = {line.id: line for line in invoice.lines}
    for number, wanted in enumerate(body.lines):
        if wanted.line_id not in by_id:
            field, detail = f"lines[{number}].line_id", f"{invoice.number} has no such line."
            raise NotFound(id=wanted.line_id, detail=detail, field=field)
        left = by_id[wanted.line_id].left
        if wanted.quantity > left:
            facts = {"number": invoice.number, "line_id": wanted.line_id, "left": left, "wanted": wanted.quantity}
            raise CreditedBeyondInvoiced(**facts, field=f"lines[{number}].quantity")
    return [Part(by_id[wanted.line_id], wanted.quantity) for wanted in body.lines]


def _by_place(shipments: Sequence[Shipment]) -> dict[tuple[UUID, UUID], ShipmentLine]:
    return {(shipment.id, line.line_id): line for shipment in shipments for line in shipment.lines}


async def _invoices_of(session: AsyncSession, return_ids: set[UUID]) -> list[Invoice]:
    """The invoices that may have billed the returned goods, locked, the newest first."""
    billing = await queries.billing(session, await queries.order_lines_of(session, return_ids))
    locked = await queries.for_update(session, billing)
    return sorted(locked, key=lambda invoice: (invoice.issued_on, invoice.number), reverse=True)


def _check_returns(return_ids: set[UUID], returns: Sequence[Shipment]) -> None:
    if missing := return_ids - {each.id for each in returns}:
        raise NotFound(id=min(missing))
    for each in returns:
        if not each.is_return:
            raise NotAReturn(number=each.number, id=each.id)


def _returned(found: Sequence[Order], returns: Sequence[Shipment], invoices: Sequence[Invoice]) -> list[Part]:
    """The invoice lines that the returns credit; each return counts its credited quantity."""
    left = {line.id: creditable(line.shipped, line.returned, line.invoiced) for order in found for line in order.lines}
    rooms = {line.id: line.left for invoice in invoices for line in invoice.lines}
    billing: defaultdict[UUID, list[InvoiceLine]] = defaultdict(list)
    for invoice in invoices:
        for line in invoice.lines:
            billing[line.order_line_id].append(line)
    parts = []
    for each in returns:
        for came_back in each.lines:
            wanted = min(came_back.quantity - came_back.invoiced, left[came_back.line_id])
            for line, quantity in shared_out(wanted, [(line, rooms[line.id]) for line in billing[came_back.line_id]]):
                rooms[line.id] -= quantity
                left[came_back.line_id] -= quantity
                came_back.invoiced += quantity
                parts.append(Part(line, quantity, each.id))
    return parts


async def _write(
    session: AsyncSession,
    invoice: Invoice,
    parts: Sequence[Part],
    on: date,
    reason: str | None,
    actor: str,
    taken: Sequence[BilledCharge] = (),
) -> CreditNote:
    await ledger_queries.receivable_lock(session, invoice.customer_id)
    note = await _credit_note(session, invoice, parts, on, taken)
    note.reason = reason
    await session.flush()
    ids = {each.order_charge for each in taken if each.order_charge}
    charges = dict.fromkeys({line.order_id for line in invoice.lines}, ids) if ids else {}
    await order_commands.mark_invoiced(session, _taken_back(parts), actor, charges=charges, credited=True)
    note.settled = min(note.total, invoice.open)
    if note.settled:
        await settle(session, invoice, note.settled, actor)
    note.number = await numbering.take(session, CREDIT_NOTE_NUMBERS, on)
    replication.created(session, CREDIT_NOTE, note, actor)
    await session.flush()
    await ledger.post(
        session,
        "credit_note",
        on=on,
        currency=note.currency,
        amounts={"net": note.net, "tax": note.tax},
        source=Source("credit_note", note.id),
        actor=actor,
        party_id=note.customer_id,
        text=note.number,
    )
    return note


def _taken_back(parts: Sequence[Part]) -> dict[UUID, Decimal]:
    quantities: defaultdict[UUID, Decimal] = defaultdict(Decimal)
    for part in parts:
        quantities[part.line.order_line_id] -= part.quantity
    return quantities


async def _credit_note(
    session: AsyncSession, invoice: Invoice, parts: Sequence[Part], on: date, taken: Sequence[BilledCharge]
) -> CreditNote:
    """Create the credit note; the lines of the invoice count their credited quantity."""
    _, columns = await parties(session, invoice.customer_id, on)
    earlier: defaultdict[Decimal, Decimal] = defaultdict(Decimal)
    for line in invoice.lines:
        earlier[line.tax_rate] += part_net(NOTHING, line.credited, line.unit_price, line.discount, invoice.currency)
    for net, rate in _charged(invoice, await queries.credited_charges(session, invoice.id)):
        earlier[rate] += net
    lines = [_line(position, part, invoice.currency) for position, part in enumerate(parts, start=1)]
    nets = [*((line.net, line.tax_rate) for line in lines), *_charged(invoice, taken)]
    sums = credit_totals(nets, earlier, invoice.currency)
    return CreditNote(
        **columns,
        **_amounts(sums),
        customer_id=invoice.customer_id,
        invoice_id=invoice.id,
        issued_on=on,
        currency=invoice.currency,
        lines=lines,
        charges=[each.model_dump(mode="json") for each in taken],
    )


def _charged(invoice: Invoice, charges: Iterable[BilledCharge]) -> list[tuple[Decimal, Decimal]]:
    """The amounts of charges, each (net, tax rate), spread as on the invoice."""
    nets = [(line.net, line.tax_rate) for line in invoice.lines]
    return charged(nets, [(each.amount, each.tax_rate) for each in charges], invoice.currency)


def _amounts(sums: Totals) -> dict[str, object]:
    taxes = [TaxAmount(rate=t.rate, net=t.net, tax=t.tax).model_dump(mode="json") for t in sums.taxes]
    return {"net": sums.net, "tax": sums.tax, "total": sums.total, "taxes": taxes}


def _line(position: int, part: Part, currency: str) -> CreditNoteLine:
    line = part.line
    net = part_net(line.credited, part.quantity, line.unit_price, line.discount, currency)
    line.credited += part.quantity
    return CreditNoteLine(
        position=position,
        invoice_line_id=line.id,
        order_line_id=line.order_line_id,
        order_id=line.order_id,
        shipment_id=part.return_id,
        description=line.description,
        quantity=part.quantity,
        unit_price=line.unit_price,
        discount=line.discount,
        tax_rate=line.tax_rate,
        net=net,
    )
