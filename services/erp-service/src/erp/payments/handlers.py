"""What the worker does: payments that were entered, assigned or reversed elsewhere are brought into the books."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import structlog
from chassis.db import Sessions, transaction
from chassis.errors import Problem
from chassis.replication import edit
from chassis.service import Running
from chassis.worker import Task, every
from contracts.receivable import PaymentState

from erp.payments import queries
from erp.payments.commands.booking import carry_out
from erp.payments.commands.locking import lock
from erp.payments.events import PAYMENT
from erp.payments.models import Payment

log = structlog.get_logger()
ACTOR = "erp"
SECONDS = 0.2
BATCH = 100
LONGEST_PAUSE_SECONDS = 600


def tasks(running: Running) -> dict[str, Task]:
    """The tasks of this module."""

    async def carry_out_payments() -> None:
        while await carry_out_due(running.sessions) == BATCH:
            pass

    return {"payments": every(SECONDS, carry_out_payments)}


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
            await _postpone(sessions, payment_id, tenant, str(error) if isinstance(error, Problem) else None)
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


def is_due(row: Payment) -> bool:
    """Whether the books have it otherwise than it is; the same as the database's condition `DUE`."""
    moved = row.state == PaymentState.BOOKED and row.customer_id != row.posted_customer_id
    return row.archived_at is None and (row.posted_state != row.state or moved)


async def _postpone(sessions: Sessions, payment_id: UUID, tenant: UUID, reason: str | None) -> None:
    """Note why it could not be booked, where all systems see it, and when to try again."""
    async with transaction(sessions, tenant) as session:
        row = await queries.for_update(session, payment_id)
        row.tries += 1
        pause = min(2**row.tries, LONGEST_PAUSE_SECONDS)
        row.try_at = datetime.now(UTC) + timedelta(seconds=pause)
        if reason is not None and row.state != PaymentState.REVERSED:  # That one has a reason already.
            with edit(session, PAYMENT, row, ACTOR):
                row.reason = reason[:200]
