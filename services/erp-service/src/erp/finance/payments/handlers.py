"""The worker's tasks: payments that were entered, assigned or reversed elsewhere are posted, and advance payments
settle later invoices.

Both derive their work from the rows.
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
from chassis.worker import Task
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
        "advance-payments": woken(running.wakeup, SETTLING_SECONDS, settle_invoices),
    }


async def carry_out_due(sessions: Sessions) -> int:
    """Post due payments, each in a transaction of its own; a failing one is retried later.

    Returns the number of processed payments.
    """
    async with transaction(sessions) as session:
        due = await queries.due(session, BATCH)
    for payment_id, tenant in due:
        try:
            await _one(sessions, payment_id, tenant)
        except Exception as error:  # Any error concerns this payment alone: the others continue, and it is retried.
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
    """Settle open invoices with waiting payments, each customer in a transaction of its own.

    `later` stores the failing customers, and their next attempts.
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
        except Exception:  # Any error concerns this customer alone: the others continue, and it is retried.
            log.warning("advance_payments_not_allocated", customer=str(customer_id), exc_info=True)
            later[customer_id] = monotonic() + PAUSE_SECONDS


def is_due(row: Payment) -> bool:
    """Whether the ledger differs from the payment; the same condition as `DUE` in SQL."""
    moved = row.state == PaymentState.BOOKED and row.customer_id != row.posted_customer_id
    return row.archived_at is None and (row.posted_state != row.state or moved)


async def _postpone(sessions: Sessions, payment_id: UUID, tenant: UUID, reason: str) -> None:
    """Store the reason of the failure, which all systems show, and the time of the next attempt."""
    try:
        async with transaction(sessions, tenant) as session:
            row = await reads.by_id(session, PAYMENTS, payment_id, lock=True)
            row.tries += 1
            pause = min(2 ** min(row.tries, 10), LONGEST_PAUSE_SECONDS)
            row.try_at = clock.now() + timedelta(seconds=pause)
            if row.state != PaymentState.REVERSED:  # It already has a reason.
                with edit(session, PAYMENT, row, ACTOR):
                    row.reason = reason[:200]
    except Exception:  # It is retried in the next round; the others continue.
        log.exception("payment_not_postponed", payment=str(payment_id))
