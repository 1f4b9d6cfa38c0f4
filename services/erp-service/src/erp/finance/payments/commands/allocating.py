"""Which invoices a payment settles: by rule or by hand, and undone. Nothing is posted: the customer owes the same."""

from collections.abc import Sequence
from contextlib import ExitStack
from decimal import Decimal
from uuid import UUID

from chassis.errors import Conflict, NotFound
from chassis.replication import edit
from contracts.receivable import Direction, PaymentState, payment_states_after
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
    title = "This payment settles no invoices"
    detail = "{why}"
    hint = "Only a payment that came in, is booked and has a customer settles invoices."


class InvoiceOfAnother(Conflict):
    code = "invoice-of-another"
    title = "The invoice is not one of this customer in this currency"
    detail = "{invoice} cannot be settled by a payment in {currency} of the customer {customer_id}."
    hint = "GET /v1/invoices?customer_id=... lists what the customer has to pay."


class InvoiceSettled(Conflict):
    code = "invoice-settled"
    title = "More would be allocated than is open of the invoice"
    detail = "{open} {currency} of {invoice} is open; {wanted} is more."
    hint = "Allocate at most what is open; the rest of the payment waits for another invoice."


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
    """Settle invoices by a rule, as far as the payment reaches. Raises `NotFound`, `NotAllocatable`."""
    row = await lock(session, payment_id)
    _check_allocatable(row)
    with edit(session, PAYMENT, row, actor):
        row.waits = how is Allocate.AUTOMATIC
        await take_by(session, row, how, actor)
    await session.flush()
    return row


async def settle_waiting(session: AsyncSession, customer_id: UUID, currency: str, actor: str) -> None:
    """Settle a customer's open invoices with the payments that wait for them.

    An invoice goes to a payment that names it before one that came earlier and names none.
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
    """Take one allocation back: the invoice is open again by as much, and the payment waits for a person.

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
        raise AllocatedBeyondPayment(unallocated=row.unallocated, currency=row.currency, wanted=total)
    if len(row.standing) + len(wanted) > MOST_ALLOCATIONS:
        raise TooManyAllocations()
    found = {each.id: each for each in await invoices.for_update(session, {share.invoice_id for share in wanted})}
    for share in wanted:
        invoice = found[share.invoice_id]
        _check_invoice(row, invoice, share.amount)
        row.allocate(invoice.id, invoice.number, share.amount, share.how, actor)
        await invoicing.settle(session, invoice, share.amount, actor)


async def take_by(session: AsyncSession, row: Payment, how: Allocate, actor: str) -> None:
    """Settle open invoices of the payment's customer by a rule, as far as it reaches, and as one payment may."""
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
        row.waits = False  # What is left is for a person: it is paid back, or entered again as another payment.
    for share in found_shares[:room]:
        invoice = by_id[share.invoice_id]
        row.allocate(invoice.id, invoice.number, share.amount, share.how, actor)
        await invoicing.settle(session, invoice, share.amount, actor)


async def take_back(session: AsyncSession, row: Payment, allocations: Sequence[Allocation], actor: str) -> None:
    """Undo allocations of a locked payment."""
    found = await invoices.for_update(session, {each.invoice_id for each in allocations})
    by_id = {each.id: each for each in found}
    for each in allocations:
        row.undo(each)
        await invoicing.settle(session, by_id[each.invoice_id], -each.amount, actor)


async def _named(session: AsyncSession, row: Payment, parts: Sequence[Part]) -> list[Share]:
    """The parts with the ids of their invoices. Raises `NotFound` for a number that does not exist."""
    numbers = {part.invoice for part in parts if part.invoice is not None}
    ids = {each.number: each.id for each in await invoices.by_numbers(session, numbers)} if numbers else {}
    found = []
    for part in parts:
        invoice_id = part.invoice_id or ids.get(part.invoice or "")
        if invoice_id is None:
            raise NotFound(invoice=part.invoice, hint="Check the invoice's number: GET /v1/invoices?number=...")
        found.append(Share(invoice_id, exact(part.amount, row.currency, "amount"), How.HAND))
    return found


def _check_allocatable(row: Payment) -> None:
    if row.posted_state != PaymentState.BOOKED or row.state != PaymentState.BOOKED:
        allowed = payment_states_after(row.state)
        raise PaymentStepRefused(state=row.state, allowed=allowed, hint="Only a booked payment settles invoices.")
    if row.direction != Direction.IN:
        raise NotAllocatable(why="It went out: it stands against the customer's credit as a whole.")
    if row.customer_id is None or row.customer_id != row.posted_customer_id:
        raise NotAllocatable(why="It has no customer yet: assign it first.")


def _check_invoice(row: Payment, invoice: Invoice, wanted: Decimal) -> None:
    if (invoice.customer_id, invoice.currency) != (row.customer_id, row.currency):
        raise InvoiceOfAnother(invoice=invoice.number, currency=row.currency, customer_id=row.customer_id)
    if wanted > invoice.open:
        raise InvoiceSettled(invoice=invoice.number, open=invoice.open, currency=row.currency, wanted=wanted)
