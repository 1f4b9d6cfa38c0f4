"""Named reads of orders and shipments."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from crm.sales.orders.models import Shipment


async def shipments_of(session: AsyncSession, order_ids: Collection[UUID]) -> Sequence[Shipment]:
    """Shipments and returns of these orders, in the order of time."""
    wanted = select(Shipment).where(Shipment.order_id.in_(order_ids), Shipment.archived_at.is_(None))
    return (await session.scalars(wanted.order_by(Shipment.shipped_on, Shipment.number))).all()
