"""Commands on payments beside plain changes. All other records of this module are delivered by the ERP."""

from uuid import UUID

from chassis.replication import edit
from records import reads
from sqlalchemy.ext.asyncio import AsyncSession

from crm.receivables.events import PAYMENT
from crm.receivables.models import Payment
from crm.receivables.records import PAYMENTS


async def reverse(session: AsyncSession, payment_id: UUID, reason: str, actor: str) -> Payment:
    """Reverse a payment that is not booked. Raises `NotFound`, `PaymentNotReversible`."""
    row = await reads.by_id(session, PAYMENTS, payment_id, lock=True)
    with edit(session, PAYMENT, row, actor):
        row.reverse(reason)
    await session.flush()
    return row
