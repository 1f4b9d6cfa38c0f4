"""Named reads of orders and shipments."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from crm.sales.orders.models import Shipment


async def next_number(session: AsyncSession, counter: str = "order", prefix: str = "SO-") -> str:
    """The next number of a counter: an order's, if not said otherwise. It is nobody else's."""
    number: str = (await session.scalars(select(func.next_number(counter, prefix)))).one()
    return number


async def shipments_of(session: AsyncSession, order_ids: Collection[UUID]) -> Sequence[Shipment]:
    """What left for these orders and came back, in the order of time."""
    wanted = select(Shipment).where(Shipment.order_id.in_(order_ids), Shipment.archived_at.is_(None))
    return (await session.scalars(wanted.order_by(Shipment.shipped_on, Shipment.number))).all()
