"""HTTP of payments."""

from typing import Annotated
from uuid import UUID

from chassis.auth import Principal, requires
from chassis.db import Session
from chassis.preconditions import IdempotentRoute, SeenVersion
from fastapi import APIRouter, Response
from records import answered, routes, seen_of

from erp.finance.payments.commands import allocating, entering, locking
from erp.finance.payments.records import PAYMENTS, bank_accounts
from erp.finance.payments.schemas import AllocationBody, AssignBody, PaymentOut, ReverseBody

payments = routes(
    PAYMENTS,
    create=entering.enter,
    change=entering.change,
    lock_all=locking.lock_all,
    names={"create": "enter_payment"},
    says={
        "create": "Enter a payment. It is booked at once, and settles invoices as `allocate` says.",
        "read": "One payment with what it settles, and the `ETag` to change it.",
        "change": (
            "Change reference, note or bank account; amount and day stay, and the customer is changed by `assign`."
        ),
        "batch": "Enter and change up to 200 payments; each item succeeds or fails alone, and has its own result.",
    },
)
router = APIRouter(prefix="/v1/payments", tags=["payments"], route_class=IdempotentRoute)
routers = (payments, router, bank_accounts)
Writer = Annotated[Principal, requires("payments:write")]


@router.post("/{payment_id}/assign")
async def assign_payment(
    payment_id: UUID, body: AssignBody, session: Session, caller: Writer, response: Response
) -> PaymentOut:
    """Say whose payment it is; it then settles that customer's invoices as `allocate` says."""
    return await answered(session, PAYMENTS, await entering.assign(session, payment_id, body, caller.subject), response)


@router.post("/{payment_id}/reverse")
async def reverse_payment(
    payment_id: UUID, body: ReverseBody, session: Session, caller: Writer, response: Response
) -> PaymentOut:
    """Take a payment back: what it settled is open again. The payment stays, reversed."""
    return await answered(
        session, PAYMENTS, await entering.reverse(session, payment_id, body, caller.subject), response
    )


@router.post("/{payment_id}/allocations")
async def allocate_payment(
    payment_id: UUID, body: AllocationBody, session: Session, caller: Writer, response: Response
) -> PaymentOut:
    """Settle invoices with what is left of a payment: by hand, all parts or none, or by a rule."""
    if body.allocations:
        row = await allocating.allocate(session, payment_id, body.allocations, caller.subject)
    else:
        row = await allocating.allocate_by(session, payment_id, body.by, caller.subject)
    return await answered(session, PAYMENTS, row, response)


@router.delete("/{payment_id}/allocations/{allocation_id}")
async def undo_allocation(
    payment_id: UUID, allocation_id: UUID, session: Session, caller: Writer, seen: SeenVersion, response: Response
) -> PaymentOut:
    """Undo one allocation: the invoice is open again by as much, and the payment has it left."""
    row = await allocating.undo(session, payment_id, allocation_id, caller.subject, seen_of(PAYMENTS, seen))
    return await answered(session, PAYMENTS, row, response)
