"""The order of locks where payments settle something: customers, the payment, invoices by due day, orders.

Customers are locked first, so that two transactions that settle invoices of the same customers cannot deadlock.
Invoicing locks only what comes after them.
"""

from collections.abc import Iterable, Sequence
from functools import partial
from uuid import UUID

from chassis import gather
from chassis.errors import Unavailable
from records import reads
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from erp.finance.invoicing import queries as invoices
from erp.finance.payments import queries
from erp.finance.payments.models import Payment
from erp.finance.payments.records import PAYMENTS
from erp.finance.payments.rules import Allocate
from erp.finance.payments.schemas import PaymentBody
from erp.parties.customers.records import CUSTOMERS

ONE_AT_A_TIME = text("""
    select pg_advisory_xact_lock(hashtextextended('payments' || current_setting('app.tenant', true) || :customer, 0))
""")
TRIES = 5
QUEUED = "payments of a customer"


class PaymentMoved(Unavailable):
    code = "payment-moved"
    title = "The payment goes from customer to customer at this moment"


async def lock_customers(session: AsyncSession, customer_ids: Iterable[UUID | None]) -> None:
    """Queue for what payments settle of these customers, in the one order that all take."""
    for customer_id in sorted({each for each in customer_ids if each is not None}):
        await gather.once(session, (QUEUED, customer_id), partial(_queue, session, customer_id))


async def lock_all(session: AsyncSession, bodies: Sequence[PaymentBody], payment_ids: Sequence[UUID]) -> None:
    """Lock and read at once what several payments need: those to be entered, and those to be changed."""
    customer_ids = {each.customer_id for each in bodies if each.customer_id is not None}
    await lock_customers(session, customer_ids)
    await reads.lock_all(session, PAYMENTS, payment_ids)
    await queries.keep_known(session, bodies)
    await reads.by_ids(session, CUSTOMERS, customer_ids)
    settling = {each.customer_id for each in bodies if each.allocate is not Allocate.NONE and each.customer_id}
    found = await invoices.keep_open_items(session, settling)
    await queries.orders_billed(session, [invoice.id for invoice in found])


async def _queue(session: AsyncSession, customer_id: UUID) -> None:
    await session.execute(ONE_AT_A_TIME, {"customer": str(customer_id)})


async def lock(session: AsyncSession, payment_id: UUID, *more: UUID | None) -> Payment:
    """One payment, locked after its customers and `more` customers. Raises `NotFound`, `PaymentMoved`."""
    for _ in range(TRIES):
        queued = {*await queries.customers_of(session, [payment_id]), *more}
        async with session.begin_nested() as attempt:
            await lock_customers(session, queued)
            row = await reads.by_id(session, PAYMENTS, payment_id, lock=True)
            if {row.customer_id, row.posted_customer_id} - queued <= {None}:
                return row
            # A delivery, or who assigned what was nobody's, has moved it. Look again whose it is, and hold nothing
            # meanwhile: queueing for another customer now would be out of turn.
            await attempt.rollback()
        for customer_id in queued:
            gather.forget(session, QUEUED, customer_id)
    raise PaymentMoved(id=payment_id)
