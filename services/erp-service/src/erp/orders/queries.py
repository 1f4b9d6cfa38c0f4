"""Named reads of orders and shipments."""

from collections.abc import Collection, Sequence
from decimal import Decimal
from uuid import UUID

from chassis.errors import NotFound
from sqlalchemy import Select, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from erp.orders.models import Order, OrderLine, Shipment


async def by_id(session: AsyncSession, order_id: UUID) -> Order:
    """One order with its lines. Raise `NotFound`."""
    return await _one(session, complete().where(Order.id == order_id), order_id)


async def for_update(session: AsyncSession, order_id: UUID) -> Order:
    """One order with its lines, locked until the transaction ends. Raise `NotFound`."""
    return await _one(session, _locked().where(Order.id == order_id), order_id)


async def orders_for_update(session: AsyncSession, order_ids: Collection[UUID]) -> Sequence[Order]:
    """Orders with their lines, locked in the order of their ids so that two callers never wait in a ring."""
    return (await session.scalars(_locked().where(Order.id.in_(order_ids)).order_by(Order.id))).all()


async def rows(session: AsyncSession, ids: Sequence[UUID], canonical_ids: Sequence[UUID]) -> Sequence[Order]:
    """Orders by local or shared id, locked in the order of their ids."""
    either = or_(Order.id.in_(ids), Order.canonical_id.in_(canonical_ids))
    return (await session.scalars(_locked().where(either).order_by(Order.id))).all()


async def of_lines(session: AsyncSession, line_ids: Collection[UUID]) -> set[UUID]:
    """The orders that these lines are of."""
    return set((await session.scalars(select(OrderLine.order_id).where(OrderLine.id.in_(line_ids)))).all())


async def on_order(session: AsyncSession, customer_id: UUID, currency: str, but: UUID | None = None) -> Decimal:
    """What a customer will still be invoiced for, tax included: orders from their confirmation on, all `but` one."""
    wanted = (Order.customer_id == customer_id, Order.currency == currency, Order.on_order != 0)
    statement = select(func.coalesce(func.sum(Order.on_order), 0)).where(*wanted)
    if but is not None:
        statement = statement.where(Order.id != but)
    return Decimal(await session.scalar(statement) or 0)


async def shipment_by_id(session: AsyncSession, shipment_id: UUID) -> Shipment:
    """One shipment or return with its lines. Raise `NotFound`."""
    found = await session.scalar(complete_shipments().where(Shipment.id == shipment_id))
    if found is None:
        raise NotFound(id=shipment_id)
    return found


async def shipments_for_update(session: AsyncSession, shipment_ids: Collection[UUID]) -> Sequence[Shipment]:
    """Shipments and returns with their lines, locked in the order of their ids."""
    wanted = _locked_shipments().where(Shipment.id.in_(shipment_ids)).order_by(Shipment.id)
    return (await session.scalars(wanted)).all()


async def shipment_rows(
    session: AsyncSession, ids: Sequence[UUID], canonical_ids: Sequence[UUID]
) -> Sequence[Shipment]:
    """Shipments by local or shared id, locked in the order of their ids."""
    either = or_(Shipment.id.in_(ids), Shipment.canonical_id.in_(canonical_ids))
    return (await session.scalars(_locked_shipments().where(either).order_by(Shipment.id))).all()


def complete() -> Select[Order]:
    """Orders with their lines."""
    return select(Order).options(selectinload(Order.lines))


def complete_shipments() -> Select[Shipment]:
    """Shipments with their lines."""
    return select(Shipment).options(selectinload(Shipment.lines))


def _locked() -> Select[Order]:
    return complete().with_for_update().execution_options(populate_existing=True)


def _locked_shipments() -> Select[Shipment]:
    return complete_shipments().with_for_update().execution_options(populate_existing=True)


async def _one(session: AsyncSession, statement: Select[Order], order_id: UUID) -> Order:
    found: Order | None = await session.scalar(statement)
    if found is None:
        raise NotFound(id=order_id)
    return found
