"""Commands of users on payments: enter, change, assign and reverse."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from chassis import clock, gather, replication
from chassis.db import uuid7
from chassis.errors import Conflict
from chassis.patch import patched
from chassis.replication import edit
from contracts.receivable import PaymentState
from custom_fields.queries import checked_values
from localisation import Phrase
from records import reads, writes
from sqlalchemy.ext.asyncio import AsyncSession

from erp.finance.payments import queries
from erp.finance.payments.commands.allocating import take
from erp.finance.payments.commands.booking import carry_out
from erp.finance.payments.commands.locking import lock, lock_customers
from erp.finance.payments.events import PAYMENT
from erp.finance.payments.models import Payment, PaymentStepRefused
from erp.finance.payments.records import BANK_ACCOUNTS, PAYMENTS
from erp.finance.payments.rules import Allocate, Share
from erp.finance.payments.schemas import AssignBody, PaymentBody, PaymentNotes, ReverseBody
from erp.parties.customers.records import CUSTOMERS


class PaymentKnown(Conflict):
    code = "payment-known"
    title = "A payment with this reference exists already"
    detail = "{reference} belongs to the payment {id}, which is {state}."
    hint = "If it is the same payment, use that one; if not, enter another reference."


class BankAccountUnfit(Conflict):
    code = "bank-account-unfit"
    title = "The bank account does not fit the payment"
    detail = "{why}"
    hint = "GET /v1/bank-accounts lists the accounts with their currencies."


async def enter(session: AsyncSession, body: PaymentBody, actor: str, parts: Sequence[Share] = ()) -> Payment:
    """Enter a payment and book it at once; it settles invoices by the body's rule, and `parts`.

    Raises `PaymentKnown`, `ReferenceUnknown`, `BankAccountUnfit`, the ledger's `PeriodClosed`, and for `parts` the
    errors of allocating.
    """
    await replication.creating(session, PAYMENT)
    await lock_customers(session, [body.customer_id])
    row = Payment.blank()
    row.id, row.direction, row.currency, row.amount = uuid7(), body.direction.value, body.currency, body.amount
    row.received_on = body.received_on or clock.today()
    if body.customer_id is not None:
        await reads.referred(session, CUSTOMERS, body.customer_id, "customer_id")
    row.assign(body.customer_id)
    row.waits = body.allocate is Allocate.AUTOMATIC or bool(parts)
    await _change(session, row, body, {})
    session.add(row)
    await carry_out(session, row, actor, body.allocate)
    if parts:
        await take(session, row, parts, actor)
    replication.created(session, PAYMENT, row, actor)
    await gather.flush(session)
    return row


async def change(
    session: AsyncSession, payment_id: UUID, patch: Mapping[str, Any], actor: str, seen: writes.Seen
) -> Payment:
    """Apply a merge patch to the reference, note and bank account of a payment that the caller has `seen`.

    Raises `NotFound`, `Malformed`, `PaymentKnown`, `ReferenceUnknown`, `BankAccountUnfit`, and the errors of `seen`.
    """
    row = await reads.by_id(session, PAYMENTS, payment_id, lock=True)
    seen(row)
    present = PAYMENTS.written(row)
    with edit(session, PAYMENT, row, actor):
        await _change(session, row, patched(PaymentNotes, present, patch), present)
    await session.flush()
    return row


async def assign(session: AsyncSession, payment_id: UUID, body: AssignBody, actor: str) -> Payment:
    """Assign the payment to a customer, or (None) to none; posted at once.

    Raises `NotFound`, `ReferenceUnknown`, `PaymentStepRefused`, `PaymentAllocated`, and the ledger's `PeriodClosed`.
    """
    row = await lock(session, payment_id, body.customer_id)
    if row.state == PaymentState.REVERSED:
        raise PaymentStepRefused(state=row.state, allowed=row.verbs)
    if body.customer_id is not None:
        await reads.referred(session, CUSTOMERS, body.customer_id, "customer_id")
    with edit(session, PAYMENT, row, actor):
        row.assign(body.customer_id)
        row.waits = body.allocate is Allocate.AUTOMATIC
        await carry_out(session, row, actor, body.allocate, body.on)
    await session.flush()
    return row


async def reverse(session: AsyncSession, payment_id: UUID, body: ReverseBody, actor: str) -> Payment:
    """Reverse a payment: its invoices are open again, and the reversal is posted; the payment stays.

    Raises `NotFound`, `PaymentStepRefused`, and the ledger's `PeriodClosed`.
    """
    row = await lock(session, payment_id)
    with edit(session, PAYMENT, row, actor):
        row.go(PaymentState.REVERSED)
        row.reason = body.reason
        await carry_out(session, row, actor, on=body.on)
    await session.flush()
    return row


async def _change(session: AsyncSession, row: Payment, body: PaymentNotes, present: Mapping[str, Any]) -> None:
    values = body.model_dump(mode="json", include=set(PaymentNotes.model_fields))
    values["custom"] = await checked_values(session, PAYMENTS.name, body.custom, writes.own_of(row))
    changed = {field: value for field, value in values.items() if present.get(field) != value}
    if changed.get("reference"):
        await _reference_is_free(session, row, changed["reference"])
    if changed.get("bank_account_id"):
        await _bank_account_fits(session, row, UUID(changed["bank_account_id"]))
    queries.renamed(session, row)
    row.change(changed)
    queries.named(session, row)


async def _reference_is_free(session: AsyncSession, row: Payment, reference: str) -> None:
    """Serialised per reference: of two concurrent entries of the same payment the second one is refused."""
    await queries.reference_lock(session, reference)
    found = await queries.known(session, reference, row.direction, row.currency)
    if found is not None and found.id != row.id:
        raise PaymentKnown(id=found.id, reference=reference, state=found.state)


async def _bank_account_fits(session: AsyncSession, row: Payment, bank_account_id: UUID) -> None:
    account = await reads.referred(session, BANK_ACCOUNTS, bank_account_id, "bank_account_id")
    if account.archived_at is not None:
        raise BankAccountUnfit(why=Phrase("{name} is archived.", name=account.name))
    if account.currency != row.currency:
        raise BankAccountUnfit(
            why=Phrase(
                "{name} has the currency {currency}, the payment {wanted}.",
                name=account.name,
                currency=account.currency,
                wanted=row.currency,
            )
        )
