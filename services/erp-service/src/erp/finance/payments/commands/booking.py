"""Posting of payments: booked, assigned to a customer, allocated, or reversed.

The posted state (`posted_state`, `posted_customer_id`) is compared with the target state. So a user's command, a
delivery and a retry produce the same result.
"""

from datetime import date
from uuid import UUID, uuid5

from chassis import clock
from contracts.receivable import PaymentState
from sqlalchemy.ext.asyncio import AsyncSession

from erp.finance.payments.commands.allocating import take_back, take_by
from erp.finance.payments.models import NOTHING, Payment
from erp.finance.payments.rules import Allocate
from erp.ledger import commands as ledger
from erp.ledger.rules import Source


async def carry_out(
    session: AsyncSession, row: Payment, actor: str, how: Allocate = Allocate.AUTOMATIC, on: date | None = None
) -> None:
    """Post the difference between a locked payment and the ledger. The caller announces it.

    `how` is the allocation rule when the payment is new to its customer; `on` is the date of postings after the first
    one, default today. Raises the ledger's `PeriodClosed`.
    """
    on = on or clock.today()
    if row.state == PaymentState.ENTERED:
        row.go(PaymentState.BOOKED)
    if row.state == PaymentState.REVERSED:
        await _reverse(session, row, actor, on)
        return
    is_new = row.posted_state == NOTHING
    if is_new:
        await _post(session, row, "", row.customer_id, actor, row.received_on)
        row.posted_state = PaymentState.BOOKED.value
    elif row.customer_id != row.posted_customer_id:
        await _move(session, row, actor, on)
        is_new = True
    row.posted_customer_id = row.customer_id
    if is_new:
        await take_by(session, row, how, actor)


async def _reverse(session: AsyncSession, row: Payment, actor: str, on: date) -> None:
    if row.posted_state == PaymentState.BOOKED:
        await take_back(session, row, row.standing, actor)
        await _post(session, row, "_reversed", row.posted_customer_id, actor, max(on, row.received_on))
    row.posted_state = PaymentState.REVERSED.value


async def _post(session: AsyncSession, row: Payment, suffix: str, party: UUID | None, actor: str, on: date) -> None:
    nobodys = "" if party else "_unassigned"
    await ledger.post(
        session,
        f"payment_{row.direction}{nobodys}{suffix}",
        on=on,
        currency=row.currency,
        amounts={"amount": row.amount},
        source=Source("payment", row.id),
        actor=actor,
        party_id=party,
        text=row.reference or row.note or "",
    )


async def _move(session: AsyncSession, row: Payment, actor: str, on: date) -> None:
    """Post the payment from its posted customer to its current one; each move is posted once."""
    move = Source("payment_assignment", uuid5(row.id, str(row.seq)))
    for suffix, party in (("_released", row.posted_customer_id), ("_assigned", row.customer_id)):
        if party is not None:
            await ledger.post(
                session,
                f"payment_{row.direction}{suffix}",
                on=max(on, row.received_on),
                currency=row.currency,
                amounts={"amount": row.amount},
                source=move,
                actor=actor,
                party_id=party,
                text=row.reference or row.note or "",
            )
