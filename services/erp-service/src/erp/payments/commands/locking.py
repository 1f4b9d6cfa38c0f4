"""Who changes what payments settle queues per customer; then come the payment, invoices by due day, and orders.

The queue is first, so that two who settle invoices of the same customers never wait for each other in a ring; those of
invoicing take only what comes after it.
"""

from collections.abc import Iterable
from uuid import UUID

from chassis.errors import Unavailable
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from erp.payments import queries
from erp.payments.models import Payment

ONE_AT_A_TIME = text("""
    select pg_advisory_xact_lock(hashtextextended('payments' || current_setting('app.tenant', true) || :customer, 0))
""")
TRIES = 5


class PaymentMoved(Unavailable):
    code = "payment-moved"
    title = "The payment goes from customer to customer at this moment"


async def lock_customers(session: AsyncSession, customer_ids: Iterable[UUID | None]) -> None:
    """Queue for what payments settle of these customers, in the one order that all take."""
    for customer_id in sorted({each for each in customer_ids if each is not None}):
        await session.execute(ONE_AT_A_TIME, {"customer": str(customer_id)})


async def lock(session: AsyncSession, payment_id: UUID, *more: UUID | None) -> Payment:
    """One payment, locked after its customers and `more` customers. Raise `NotFound`, `PaymentMoved`."""
    for _ in range(TRIES):
        queued = {*await queries.customers_of(session, [payment_id]), *more}
        await lock_customers(session, queued)
        row = await queries.for_update(session, payment_id)
        # Only a delivery moves a payment without being in the queue; then look again whose it is.
        if {row.customer_id, row.posted_customer_id} - queued <= {None}:
            return row
    raise PaymentMoved(id=payment_id)
