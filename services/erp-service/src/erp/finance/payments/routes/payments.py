"""HTTP of payments."""

from contextlib import suppress
from typing import Annotated
from uuid import UUID

from chassis import batch
from chassis.auth import Principal, requires
from chassis.batch import Batch, BatchResult
from chassis.db import Session
from chassis.errors import Malformed
from chassis.pages import Page, Paging
from chassis.patch import JsonPatch, parsed
from chassis.preconditions import IdempotentRoute, Seen, SeenVersion
from chassis.replication import creating
from fastapi import APIRouter, Query, Response

from erp.finance.payments import queries
from erp.finance.payments.commands import allocating, entering, locking
from erp.finance.payments.events import PAYMENT
from erp.finance.payments.schemas import (
    AllocationBody,
    AssignBody,
    PaymentBody,
    PaymentFilters,
    PaymentOut,
    ReverseBody,
)

router = APIRouter(prefix="/v1/payments", tags=["payments"], route_class=IdempotentRoute)
READ = requires("payments:read")
Writer = Annotated[Principal, requires("payments:write")]


@router.post("", status_code=201)
async def enter_payment(body: PaymentBody, session: Session, caller: Writer, response: Response) -> PaymentOut:
    """Enter a payment. It is booked at once, and settles invoices as `allocate` says."""
    row = await entering.enter(session, body, caller.subject)
    response.headers["Location"] = f"{router.prefix}/{row.id}"
    return PaymentOut.of_payment(row).tag(response)


@router.get("", dependencies=[READ])
async def list_payments(
    session: Session, paging: Paging, filters: Annotated[PaymentFilters, Query()]
) -> Page[PaymentOut]:
    """Payments in pages, the newest first; `sort` by received_on, amount, created_at or updated_at (`-` descends)."""
    found = queries.search(filters)
    return await paging.page(session, found, queries.ORDERS, lambda row: PaymentOut.of_payment(row[0]))


@router.get("/{payment_id}", dependencies=[READ])
async def read_payment(payment_id: UUID, session: Session, response: Response) -> PaymentOut:
    """One payment with what it settles, and the `ETag` to change it."""
    return PaymentOut.of_payment(await queries.by_id(session, payment_id)).tag(response)


@router.patch("/{payment_id}")
async def change_payment(
    payment_id: UUID, patch: JsonPatch, session: Session, caller: Writer, seen: SeenVersion, response: Response
) -> PaymentOut:
    """Change reference, note or bank account; amount and day stay, and the customer is changed by `assign`."""
    row = await entering.change(session, payment_id, patch, caller.subject, _seen(seen))
    return PaymentOut.of_payment(row).tag(response)


@router.post("/{payment_id}/assign")
async def assign_payment(
    payment_id: UUID, body: AssignBody, session: Session, caller: Writer, response: Response
) -> PaymentOut:
    """Say whose payment it is; it then settles that customer's invoices as `allocate` says."""
    return PaymentOut.of_payment(await entering.assign(session, payment_id, body, caller.subject)).tag(response)


@router.post("/{payment_id}/reverse")
async def reverse_payment(
    payment_id: UUID, body: ReverseBody, session: Session, caller: Writer, response: Response
) -> PaymentOut:
    """Take a payment back: what it settled is open again. The payment stays, reversed."""
    return PaymentOut.of_payment(await entering.reverse(session, payment_id, body, caller.subject)).tag(response)


@router.post("/{payment_id}/allocations")
async def allocate_payment(
    payment_id: UUID, body: AllocationBody, session: Session, caller: Writer, response: Response
) -> PaymentOut:
    """Settle invoices with what is left of a payment: by hand, all parts or none, or by a rule."""
    if body.allocations:
        row = await allocating.allocate(session, payment_id, body.allocations, caller.subject)
    else:
        row = await allocating.allocate_by(session, payment_id, body.by, caller.subject)
    return PaymentOut.of_payment(row).tag(response)


@router.delete("/{payment_id}/allocations/{allocation_id}")
async def undo_allocation(
    payment_id: UUID, allocation_id: UUID, session: Session, caller: Writer, seen: SeenVersion, response: Response
) -> PaymentOut:
    """Undo one allocation: the invoice is open again by as much, and the payment has it left."""
    row = await allocating.undo(session, payment_id, allocation_id, caller.subject, _seen(seen))
    return PaymentOut.of_payment(row).tag(response)


batches = APIRouter(tags=["payments"], route_class=IdempotentRoute)


@batches.post("/v1/payments:batch")
async def write_payments(body: Batch, session: Session, caller: Writer) -> BatchResult:
    """Enter and change up to 200 payments; each item stands or falls alone, and has a result of its own."""
    bodies = _readable(body)

    async def prepare() -> None:
        await creating(session, PAYMENT)
        await locking.lock_all(session, bodies, body.ids)

    return await batch.write(
        session,
        body.items,
        lambda fields: entering.enter(session, parsed(PaymentBody, fields), caller.subject),
        lambda payment_id, patch, seen: entering.change(session, payment_id, patch, caller.subject, _seen(seen)),
        prepare,
    )


def _readable(body: Batch) -> list[PaymentBody]:
    """The payments that are to be entered; an item that makes no sense is refused later."""
    found = []
    for item in body.items:
        if item.id is None:
            with suppress(Malformed):
                found.append(parsed(PaymentBody, item.body))
    return found


def _seen(seen: Seen) -> entering.Check:
    return lambda row: seen.check(row.version, PaymentOut.of_payment(row))
