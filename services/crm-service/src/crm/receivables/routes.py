"""HTTP of invoices, credit notes, payments and balances."""

from datetime import date
from typing import Annotated
from uuid import UUID

from chassis.auth import Principal, requires
from chassis.db import Session
from chassis.pages import Page, Paging
from chassis.preconditions import IdempotentRoute
from fastapi import APIRouter, Query, Response
from records import answered, reads
from records.listing import filters_of

from crm.parties.customers.records import CUSTOMERS
from crm.receivables import commands, view
from crm.receivables.records import INVOICES, PAYMENTS, credit_notes, invoices, payments
from crm.receivables.rules import on_or_today
from crm.receivables.schemas import (
    AgedFilters,
    AgedOut,
    CustomerReceivables,
    InvoiceOut,
    PaymentOut,
    Reversal,
)

router = APIRouter(prefix="/v1", tags=["receivables"], route_class=IdempotentRoute)
routers = (router, invoices, credit_notes, payments)
READ = requires("invoices:read")
InvoiceFilters = filters_of(INVOICES)
Writer = Annotated[Principal, requires("payments:write")]


@router.get("/customers/{customer_id}/receivables", dependencies=[READ, requires("payments:read")])
async def read_customer_receivables(customer_id: UUID, session: Session, on: date | None = None) -> CustomerReceivables:
    """A customer's open amounts by age and per currency, payments, and the rest of the credit limit."""
    customer = await reads.by_id(session, CUSTOMERS, customer_id)
    return await view.of_customer(session, customer.id, on_or_today(on))


@router.get("/receivables", dependencies=[READ])
async def list_receivables(session: Session, paging: Paging, filters: Annotated[AgedFilters, Query()]) -> Page[AgedOut]:
    """All accounts with open amounts, by age; the most overdue first.

    `sort`: customer, currency, open, overdue, oldest_due_on, balance, credit_left, or the name of an age.
    """
    statement, sorting = view.aged(filters, on_or_today(filters.on))
    return await paging.page(session, statement, sorting, view.aged_out)


@router.get("/invoices", dependencies=[READ])
async def list_invoices(
    session: Session,
    paging: Paging,
    filters: Annotated[InvoiceFilters, Query()],  # type: ignore[valid-type]  # FastAPI takes the value.
) -> Page[InvoiceOut]:
    """The ERP's invoices, the latest first unless `sort` is given (number, due_on, total, open, ...)."""
    found, on = await reads.search(session, INVOICES, filters), vars(filters)["on"]
    return await paging.page(session, found, INVOICES.sorting, lambda row: InvoiceOut.of(row[0], on=on))


@router.post("/payments/{payment_id}/reverse")
async def reverse_payment(
    payment_id: UUID, body: Reversal, session: Session, caller: Writer, response: Response
) -> PaymentOut:
    """Reverse a payment that is only entered. It stays, with the reason; a booked one is reversed in the ERP."""
    row = await commands.reverse(session, payment_id, body.reason, caller.subject)
    return await answered(session, PAYMENTS, row, response)
