"""HTTP of invoices, credit notes, payments, and of what customers owe."""

from datetime import date
from typing import Annotated
from uuid import UUID

from chassis.auth import Principal, requires
from chassis.db import Session
from chassis.pages import Page, Paging
from chassis.patch import JsonPatch
from chassis.preconditions import IdempotentRoute, Seen, SeenVersion
from fastapi import APIRouter, Query, Response
from records import reads

from crm.parties.customers.records import CUSTOMERS
from crm.receivables import commands, queries, view
from crm.receivables.rules import on_or_today
from crm.receivables.schemas import (
    AgedFilters,
    AgedOut,
    CreditNoteFilters,
    CreditNoteOut,
    CreditNoteWithLines,
    CustomerReceivables,
    InvoiceFilters,
    InvoiceOut,
    InvoiceWithLines,
    PaymentAsItIs,
    PaymentBody,
    PaymentFilters,
    PaymentOut,
    Reversal,
)

router = APIRouter(prefix="/v1", tags=["receivables"], route_class=IdempotentRoute)
INVOICES = requires("invoices:read")
PAYMENTS = requires("payments:read")
Writer = Annotated[Principal, requires("payments:write")]


@router.get("/customers/{customer_id}/receivables", dependencies=[INVOICES, PAYMENTS])
async def read_customer_receivables(customer_id: UUID, session: Session, on: date | None = None) -> CustomerReceivables:
    """What a customer owes, by age and per currency, what it has paid, and what is left of its credit."""
    customer = await reads.by_id(session, CUSTOMERS, customer_id)
    return await view.of_customer(session, customer.id, on_or_today(on))


@router.get("/receivables", dependencies=[INVOICES])
async def list_receivables(session: Session, paging: Paging, filters: Annotated[AgedFilters, Query()]) -> Page[AgedOut]:
    """All accounts that are not even, by age; what is most overdue comes first.

    `sort`: customer, currency, open, overdue, oldest_due_on, balance, credit_left, or the name of an age.
    """
    statement, sorting = view.aged(filters, on_or_today(filters.on))
    return await paging.page(session, statement, sorting, view.aged_out)


@router.get("/invoices", dependencies=[INVOICES])
async def list_invoices(
    session: Session, paging: Paging, filters: Annotated[InvoiceFilters, Query()]
) -> Page[InvoiceOut]:
    """The ERP's invoices, the latest first unless `sort` says otherwise (number, due_on, total, open, ...)."""
    on = on_or_today(filters.on)
    return await paging.page(
        session, queries.invoices(filters), queries.INVOICE_ORDERS, lambda row: view.invoice_out(row[0], on)
    )


@router.get("/invoices/{invoice_id}", dependencies=[INVOICES])
async def read_invoice(invoice_id: UUID, session: Session, response: Response) -> InvoiceWithLines:
    """One invoice with its lines; `order_line` is the id of the line of the order that is billed."""
    row = await queries.invoice(session, invoice_id)
    lines = [line.value() for line in row.lines]
    return InvoiceWithLines.of(row, overdue_days=view.days_late(row, on_or_today(None)), lines=lines).tag(response)


@router.get("/credit-notes", dependencies=[INVOICES])
async def list_credit_notes(
    session: Session, paging: Paging, filters: Annotated[CreditNoteFilters, Query()]
) -> Page[CreditNoteOut]:
    """The ERP's credit notes, the latest first unless `sort` says otherwise (number, total, updated_at)."""
    return await paging.page(
        session, queries.credit_notes(filters), queries.CREDIT_NOTE_ORDERS, lambda row: CreditNoteOut.of(row[0])
    )


@router.get("/credit-notes/{credit_note_id}", dependencies=[INVOICES])
async def read_credit_note(credit_note_id: UUID, session: Session, response: Response) -> CreditNoteWithLines:
    """One credit note with its lines."""
    row = await queries.credit_note(session, credit_note_id)
    return CreditNoteWithLines.of(row, lines=[line.value() for line in row.lines]).tag(response)


@router.post("/payments", status_code=201)
async def register_payment(body: PaymentBody, session: Session, caller: Writer, response: Response) -> PaymentOut:
    """Register a payment that sales has heard of. The ERP books it a moment later and says what it settles."""
    row = await commands.register(session, body, caller.subject)
    response.headers["Location"] = f"{router.prefix}/payments/{row.id}"
    return PaymentOut.of(row).tag(response)


@router.get("/payments", dependencies=[PAYMENTS])
async def list_payments(
    session: Session, paging: Paging, filters: Annotated[PaymentFilters, Query()]
) -> Page[PaymentOut]:
    """Payments, the latest first unless `sort` says otherwise (amount, received_on, created_at, updated_at)."""
    return await paging.page(
        session, queries.payments(filters), queries.PAYMENT_ORDERS, lambda row: PaymentOut.of(row[0])
    )


@router.get("/payments/{payment_id}", dependencies=[PAYMENTS])
async def read_payment(payment_id: UUID, session: Session, response: Response) -> PaymentOut:
    """One payment, with what it settles once the ERP has booked it."""
    return PaymentOut.of(await queries.payment(session, payment_id)).tag(response)


@router.patch("/payments/{payment_id}")
async def change_payment(
    payment_id: UUID,
    patch: JsonPatch[PaymentAsItIs],
    session: Session,
    caller: Writer,
    seen: SeenVersion,
    response: Response,
) -> PaymentOut:
    """Correct a payment, until the ERP knows it."""
    row = await commands.change(session, payment_id, patch, caller.subject, _seen(seen))
    return PaymentOut.of(row).tag(response)


@router.post("/payments/{payment_id}/reverse")
async def reverse_payment(
    payment_id: UUID, body: Reversal, session: Session, caller: Writer, response: Response
) -> PaymentOut:
    """Take back a payment that is only entered. It stays, with the reason; a booked one is reversed in the ERP."""
    return PaymentOut.of(await commands.reverse(session, payment_id, body.reason, caller.subject)).tag(response)


def _seen(seen: Seen) -> commands.Check:
    return lambda row: seen.check(row.version, PaymentOut.of(row))
