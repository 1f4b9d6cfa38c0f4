"""Every use case that changes a payment. All else that stands here is the ERP's, and comes from there."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from chassis import replication
from chassis.errors import Conflict, NotFound
from chassis.patch import patched
from chassis.replication import edit, refuse_kept_by
from records import reads
from sqlalchemy.ext.asyncio import AsyncSession

from crm.parties.customers.models import NoSuchCustomer
from crm.parties.customers.records import CUSTOMERS
from crm.receivables import queries
from crm.receivables.events import PAYMENT
from crm.receivables.models import Payment
from crm.receivables.rules import on_or_today
from crm.receivables.schemas import PaymentAsItIs, PaymentBody, PaymentOut

Check = Callable[[Payment], None]


class PaymentRegisteredAlready(Conflict):
    code = "payment-registered-already"
    title = "This payment is here already"
    detail = "The reference {reference} is that of payment {id}, which is {state}."
    hint = "Read that payment. If this is another one, give it the reference by which the bank tells them apart."


async def register(session: AsyncSession, body: PaymentBody, actor: str) -> Payment:
    """Enter a payment for the ERP to book. Raise `NoSuchCustomer`, `PaymentRegisteredAlready`."""
    await replication.creating(session, PAYMENT)
    row = Payment.blank()
    await _change(session, row, body, {})
    replication.created(session, PAYMENT, row, actor)
    await session.flush()
    return row


async def change(session: AsyncSession, payment_id: UUID, patch: Mapping[str, Any], actor: str, seen: Check) -> Payment:
    """Apply a merge patch to the payment that the caller has `seen`, while nobody else knows it.

    Raise `NotFound`, `PaymentSettled`, `OwnedElsewhere` once the ERP knows it, `Malformed`, `NoSuchCustomer`,
    `PaymentRegisteredAlready`, and whatever `seen` raises.
    """
    row = await queries.payment_for_update(session, payment_id)
    seen(row)
    present = written(row)
    with edit(session, PAYMENT, row, actor):
        await _change(session, row, patched(PaymentAsItIs, present, patch), present)
    await session.flush()
    return row


async def reverse(session: AsyncSession, payment_id: UUID, reason: str, actor: str) -> Payment:
    """Take back a payment that was only entered. Raise `NotFound`, `PaymentNotReversible`."""
    row = await queries.payment_for_update(session, payment_id)
    with edit(session, PAYMENT, row, actor):
        row.reverse(reason)
    await session.flush()
    return row


def written(row: Payment) -> dict[str, Any]:
    """The payment as a client would have written it: what a merge patch starts from."""
    return PaymentOut.of(row).model_dump(include=set(PaymentBody.model_fields))


async def _change(session: AsyncSession, row: Payment, body: PaymentBody, present: Mapping[str, Any]) -> None:
    values = {**body.model_dump(), "received_on": on_or_today(body.received_on)}
    changed = {field: value for field, value in values.items() if field not in present or present[field] != value}
    if row.canonical_id:
        refuse_kept_by("erp", values, present, values)
    if changed:
        row.may_be_changed()
    if changed.get("customer_id"):
        await _customer_exists(session, changed["customer_id"])
    if body.reference and changed.keys() & {"reference", "direction", "currency"}:
        await _refuse_known(session, row, body)
    row.change(changed)


async def _customer_exists(session: AsyncSession, customer_id: UUID) -> None:
    try:
        await reads.by_id(session, CUSTOMERS, customer_id)
    except NotFound:
        raise NoSuchCustomer(customer_id=customer_id) from None


async def _refuse_known(session: AsyncSession, row: Payment, body: PaymentBody) -> None:
    reference = body.reference or ""
    await queries.reference_lock(session, reference)
    known = await queries.known_payment(session, reference, body.direction, body.currency)
    if known is not None and known is not row:
        raise PaymentRegisteredAlready(reference=reference, id=known.id, state=known.state)
