"""What the worker does: payments that were entered, assigned or reversed elsewhere are brought into the books, and
advance payments settle the invoices that come after them.

Both are level-triggered: what is left to do is read from the rows.
"""

from datetime import timedelta
from time import monotonic
from uuid import UUID

import structlog
from chassis import clock
from chassis.db import Sessions, transaction, wait_at_most
from chassis.errors import Problem
from chassis.replication import edit
from chassis.service import Running
from chassis.wakeup import woken
from chassis.worker import Task, every
from contracts.receivable import PaymentState
from records import reads

from erp.finance.payments import queries
from erp.finance.payments.commands.allocating import settle_waiting
from erp.finance.payments.commands.booking import carry_out
from erp.finance.payments.commands.locking import lock
from erp.finance.payments.events import PAYMENT
from erp.finance.payments.models import Payment
from erp.finance.payments.records import PAYMENTS
from erp.sales.orders.rules import failure_text

log = structlog.get_logger()
ACTOR = "erp"
SECONDS = 0.2
BATCH = 100
LONGEST_PAUSE_SECONDS = 600
SETTLING_SECONDS = 1.0
PAUSE_SECONDS = 10.0
WAIT_MILLISECONDS = 1_000


def tasks(running: Running) -> dict[str, Task]:
    """The tasks of this module."""

    async def carry_out_payments() -> None:
        while await carry_out_due(running.sessions) == BATCH:
            pass

    later: dict[UUID, float] = {}

    async def settle_invoices() -> None:
        await settle_due(running.sessions, later)

    return {
        "payments": woken(running.wakeup, SECONDS, carry_out_payments),
        "advance-payments": every(SETTLING_SECONDS, settle_invoices),
    }


async def carry_out_due(sessions: Sessions) -> int:
    """Bring payments into the books, each in a transaction of its own; one that fails is tried again later.

    Answer how many were looked at.
    """
    async with transaction(sessions) as session:
        due = await queries.due(session, BATCH)
    for payment_id, tenant in due:
        try:
            await _one(sessions, payment_id, tenant)
        except Exception as error:  # Whatever it is, it is this payment's: the others go on, and it comes again.
            log.warning("payment_not_booked", payment=str(payment_id), exc_info=not isinstance(error, Problem))
            await _postpone(sessions, payment_id, tenant, failure_text(error))
    return len(due)


async def _one(sessions: Sessions, payment_id: UUID, tenant: UUID) -> None:
    async with transaction(sessions, tenant) as session:
        row = await lock(session, payment_id)
        if not is_due(row):
            return
        with edit(session, PAYMENT, row, ACTOR):
            await carry_out(session, row, ACTOR)
            if row.tries and row.state == PaymentState.BOOKED:
                row.reason = None
            row.tries, row.try_at = 0, None


async def settle_due(sessions: Sessions, later: dict[UUID, float]) -> None:
    """Settle open invoices with payments that wait for them, each customer in a transaction of its own.

    `later` keeps the customers with whom it failed, and when to try again.
    """
    now = monotonic()
    for customer_id in [each for each, again_at in later.items() if again_at <= now]:
        del later[customer_id]
    async with transaction(sessions) as session:
        due = await queries.waiting(session, later, BATCH)
    for tenant, customer_id, currency in due:
        try:
            async with transaction(sessions, tenant) as session:
                await wait_at_most(session, WAIT_MILLISECONDS)
                await settle_waiting(session, customer_id, currency, ACTOR)
        except Exception:  # Whatever it is, it is this customer's: the others go on, and it comes again.
            log.warning("advance_payments_not_allocated", customer=str(customer_id), exc_info=True)
            later[customer_id] = monotonic() + PAUSE_SECONDS


def is_due(row: Payment) -> bool:
    """Whether the books have it otherwise than it is; the same as the database's condition `DUE`."""
    moved = row.state == PaymentState.BOOKED and row.customer_id != row.posted_customer_id
    return row.archived_at is None and (row.posted_state != row.state or moved)


async def _postpone(sessions: Sessions, payment_id: UUID, tenant: UUID, reason: str) -> None:
    """Note why it could not be booked, where all systems see it, and when to try again."""
    try:
        async with transaction(sessions, tenant) as session:
            row = await reads.by_id(session, PAYMENTS, payment_id, lock=True)
            row.tries += 1
            pause = min(2 ** min(row.tries, 10), LONGEST_PAUSE_SECONDS)
            row.try_at = clock.now() + timedelta(seconds=pause)
            if row.state != PaymentState.REVERSED:  # That one has a reason already.
                with edit(session, PAYMENT, row, ACTOR):
                    row.reason = reason[:200]
    except Exception:  # It comes again in the next round, and the others go on.
        log.exception("payment_not_postponed", payment=str(payment_id))
