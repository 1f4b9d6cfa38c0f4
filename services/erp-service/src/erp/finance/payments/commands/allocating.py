"""Allocation of a payment to invoices: by rule or by hand, and its removal. Nothing is posted, because the balance does
not change."""

from collections.abc import Sequence
from contextlib import ExitStack
from decimal import Decimal
from uuid import UUID

from chassis.errors import Conflict, NotFound, about, about_one_of
from chassis.replication import edit
from contracts.receivable import Direction, PaymentState
from localisation import Phrase
from records import writes
from sqlalchemy.ext.asyncio import AsyncSession

from erp.finance.invoicing import commands as invoicing
from erp.finance.invoicing import queries as invoices
from erp.finance.invoicing.models import Invoice
from erp.finance.payments import queries
from erp.finance.payments.commands.locking import lock, lock_customers
from erp.finance.payments.events import PAYMENT
from erp.finance.payments.models import AllocatedBeyondPayment, Allocation, Payment, PaymentStepRefused
from erp.finance.payments.rules import MOST_ALLOCATIONS, Allocate, How, OpenItem, Share, exact, shares
from erp.finance.payments.schemas import Part


class NotAllocatable(Conflict):
    code = "payment-not-allocatable"
    title = "This payment cannot settle invoices"
    detail = "{why}"
    hint = "Only a booked incoming payment with a customer settles invoices."


class InvoiceOfAnother(Conflict):
    code = "invoice-of-another"
    part = "invoice_id"
    title = "The invoice belongs to another customer or currency"
    detail = "{invoice} cannot be settled by a payment in {currency} of the customer {customer_id}."
    hint = "GET /v1/invoices?customer_id=... lists the customer's invoices."


class InvoiceSettled(Conflict):
    code = "invoice-settled"
    part = "amount"
    title = "More would be allocated than the invoice's open amount"
    detail = "The open amount of {invoice} is {open} {currency}; {wanted} is more."
    hint = "Allocate at most the open amount; the rest of the payment waits for another invoice."


class TooManyAllocations(Conflict):
    code = "too-many-allocations"
    title = "A payment settles at most 1,000 invoices"
    hint = "Settle the other invoices with another payment."


async def allocate(session: AsyncSession, payment_id: UUID, parts: Sequence[Part], actor: str) -> Payment:
    """Settle invoices by hand: all parts or none.

    Raises `NotFound`, `NotAllocatable`, `InvoiceOfAnother`, `InvoiceSettled`, `AllocatedBeyondPayment`.
    """
    row = await lock(session, payment_id)
    _check_allocatable(row)
    with edit(session, PAYMENT, row, actor):
        await take(session, row, await _named(session, row, parts), actor)
    await session.flush()
    return row


async def allocate_by(session: AsyncSession, payment_id: UUID, how: Allocate, actor: str) -> Payment:
    """Settle invoices by a rule, up to the amount of the payment. Raises `NotFound`, `NotAllocatable`."""
    row = await lock(session, payment_id)
    _check_allocatable(row)
    with edit(session, PAYMENT, row, actor):
        row.waits = how is Allocate.AUTOMATIC
        await take_by(session, row, how, actor)
    await session.flush()
    return row


async def settle_waiting(session: AsyncSession, customer_id: UUID, currency: str, actor: str) -> None:
    """Settle a customer's open invoices with waiting payments.

    A payment that names an invoice precedes an earlier one that names none.
    """
    await lock_customers(session, [customer_id])
    rows = await queries.waiting_of(session, customer_id, currency)
    with ExitStack() as edits:
        for row in rows:
            edits.enter_context(edit(session, PAYMENT, row, actor))
        for how in (Allocate.REFERENCE, Allocate.OLDEST):
            for row in rows:
                await take_by(session, row, how, actor)
    await session.flush()


async def undo(session: AsyncSession, payment_id: UUID, allocation_id: UUID, actor: str, seen: writes.Seen) -> Payment:
    """Remove one allocation: the invoice is open again by its amount, and the payment is allocated only by a person.

    Raises `NotFound`, and the errors of `seen`.
    """
    row = await lock(session, payment_id)
    seen(row)
    found = [each for each in row.standing if each.id == allocation_id]
    if not found:
        raise NotFound(id=allocation_id)
    with edit(session, PAYMENT, row, actor):
        row.waits = False
        await take_back(session, row, found, actor)
    await session.flush()
    return row


async def take(session: AsyncSession, row: Payment, wanted: Sequence[Share], actor: str) -> None:
    """Settle these shares; the payment is locked, its invoices are locked here.

    Raises `InvoiceOfAnother`, `InvoiceSettled`, `AllocatedBeyondPayment`, `TooManyAllocations`.
    """
    total = sum((share.amount for share in wanted), Decimal(0))
    if total > row.unallocated:
        facts = {"unallocated": row.unallocated, "currency": row.currency, "wanted": total}
        raise AllocatedBeyondPayment(**facts, field="allocations")
    if len(row.standing) + len(wanted) > MOST_ALLOCATIONS:
        raise TooManyAllocations()
    ids = [share.invoice_id for share in wanted]
    with about_one_of("allocations", ids):
        found = {each.id: each for each in await invoices.for_update(session, set(ids))}
    for number, share in enumerate(wanted):
        invoice = found[share.invoice_id]
        with about(f"allocations[{number}]"):
            _check_invoice(row, invoice, share.amount)
        row.allocate(invoice.id, invoice.number, share.amount, share.how, actor)
        await invoicing.settle(session, invoice, share.amount, actor)


async def take_by(session: AsyncSession, row: Payment, how: Allocate, actor: str) -> None:
    """Settle open invoices of the payment's customer by a rule, up to its amount and the limit of allocations."""
    if how is Allocate.NONE or row.customer_id is None or not row.unallocated:
        return
    found = await invoices.open_items(session, row.customer_id, row.currency)
    by_id, texts = {each.id: each for each in found}, (row.reference, row.note)
    named = how is not Allocate.OLDEST and any(texts)
    names = await queries.orders_billed(session, by_id) if named and found else {}
    items = [OpenItem(each.id, each.number, each.open, tuple(sorted(names.get(each.id, ())))) for each in found]
    found_shares = shares(row.unallocated, items, how, texts)
    room = MOST_ALLOCATIONS - len(row.standing)
    if len(found_shares) > room:
        row.waits = False  # A person decides on the rest: it is paid back, or entered again as another payment.
    for share in found_shares[:room]:
        invoice = by_id[share.invoice_id]
        row.allocate(invoice.id, invoice.number, share.amount, share.how, actor)
        await invoicing.settle(session, invoice, share.amount, actor)


async def take_back(session: AsyncSession, row: Payment, allocations: Sequence[Allocation], actor: str) -> None:
    """Remove allocations of a locked payment."""
    found = await invoices.for_update(session, {each.invoice_id for each in allocations})
    by_id = {each.id: each for each in found}
    for each in allocations:
        row.undo(each)
        await invoicing.settle(session, by_id[each.invoice_id], -each.amount, actor)


async def _named(session: AsyncSession, row: Payment, parts: Sequence[Part]) -> list[Share]:
    """The parts with the ids of their invoices. Raises `NotFound` for an unknown number."""
    numbers = {part.invoice for part in parts if part.invoice is not None}
    ids = {each.number: each.id for each in await invoices.by_numbers(session, numbers)} if numbers else {}
    found = []
    for number, part in enumerate(parts):
        invoice_id = part.invoice_id or ids.get(part.invoice or "")
        if invoice_id is None:
            field, hint = f"allocations[{number}].invoice", "Check the invoice's number: GET /v1/invoices?number=..."
            raise NotFound(invoice=part.invoice, hint=hint, field=field)
        found.append(Share(invoice_id, exact(part.amount, row.currency, f"allocations[{number}].amount"), How.HAND))
    return found


def _check_allocatable(row: Payment) -> None:
    if row.posted_state != PaymentState.BOOKED or row.state != PaymentState.BOOKED:
        hint = "Only a booked payment settles invoices."
        raise PaymentStepRefused(state=row.state, allowed=row.verbs, hint=hint)
    if row.direction != Direction.IN:
        raise NotAllocatable(why=Phrase("It is an outgoing payment: it reduces the customer's credit as a whole."))
    if row.customer_id is None or row.customer_id != row.posted_customer_id:
        raise NotAllocatable(why=Phrase("It has no customer yet: assign it first."))


def _check_invoice(row: Payment, invoice: Invoice, wanted: Decimal) -> None:
    if (invoice.customer_id, invoice.currency) != (row.customer_id, row.currency):
        raise InvoiceOfAnother(invoice=invoice.number, currency=row.currency, customer_id=row.customer_id)
    if wanted > invoice.open:
        raise InvoiceSettled(invoice=invoice.number, open=invoice.open, currency=row.currency, wanted=wanted)
