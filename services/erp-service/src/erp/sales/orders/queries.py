"""Named reads of orders and shipments."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from chassis import gather
from chassis.errors import NotFound
from chassis.pages import Sorting
from sqlalchemy import Select, and_, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from erp.catalogue.products.models import Product
from erp.parties.customers.models import Customer
from erp.sales.orders.models import Order, OrderLine, Shipment, ShipmentLine
from erp.sales.orders.schemas import OrderFilters, ShipmentFilters

ORDERS = Sorting(
    {
        "ordered_on": Order.ordered_on,
        "number": Order.number,
        "created_at": Order.created_at,
        "updated_at": Order.updated_at,
    },
    Order.id,
    "-ordered_on",
)
SHIPMENTS = Sorting(
    {"shipped_on": Shipment.shipped_on, "number": Shipment.number, "updated_at": Shipment.updated_at},
    Shipment.id,
    "-shipped_on",
)


async def by_id(session: AsyncSession, order_id: UUID) -> Order:
    """One order with its lines. Raise `NotFound`."""
    return await _one(session, complete().where(Order.id == order_id), order_id)


async def for_update(session: AsyncSession, order_id: UUID) -> Order:
    """One order with its lines, locked until the transaction ends. Raise `NotFound`."""
    found = await orders_for_update(session, [order_id])
    if not found:
        raise NotFound(id=order_id)
    return found[0]


async def orders_for_update(session: AsyncSession, order_ids: Collection[UUID]) -> Sequence[Order]:
    """Orders with their lines, locked in the order of their ids so that two callers never wait in a ring."""

    async def read(ids: Collection[UUID]) -> list[tuple[UUID, Order]]:
        found = await session.scalars(_locked().where(Order.id.in_(ids)).order_by(Order.id))
        return [(row.id, row) for row in found]

    found = await gather.each_once(session, "order", order_ids, read)
    return [found[order_id] for order_id in sorted(found)]


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


@dataclass(frozen=True, slots=True)
class Standing:
    """What decides on an order beside money and stock: its customer, and a product of it that is out of use."""

    customer: str
    credit: dict[str, Any] | None
    customer_archived_at: datetime | None
    archived_product: str | None


async def standing(session: AsyncSession, row: Order) -> Standing:
    """How the customer and the products of an order stand now."""
    gone = (Product.id.in_([line.product_id for line in row.lines]), Product.archived_at.is_not(None))
    product = select(func.min(Product.name)).where(*gone).scalar_subquery()
    statement = select(Customer.name, Customer.credit, Customer.archived_at, product)
    return Standing(*(await session.execute(statement.where(Customer.id == row.customer_id))).one())


def search(filters: OrderFilters) -> Select[Order]:
    """The orders that every filter takes."""
    statement = complete()
    equal = {
        Order.canonical_id: filters.canonical_id,
        Order.customer_id: filters.customer_id,
        Order.state: filters.state and filters.state.value,
        Order.number: filters.number,
        Order.sales_number: filters.sales_number,
        Order.reference: filters.reference,
    }
    statement = statement.where(*(column == value for column, value in equal.items() if value is not None))
    if filters.product_id is not None:
        statement = statement.where(
            exists().where(OrderLine.order_id == Order.id, OrderLine.product_id == filters.product_id)
        )
    if filters.ordered_from is not None:
        statement = statement.where(Order.ordered_on >= filters.ordered_from)
    if filters.ordered_until is not None:
        statement = statement.where(Order.ordered_on <= filters.ordered_until)
    if filters.updated_since is not None:
        statement = statement.where(Order.updated_at >= filters.updated_since)
    if filters.archived != "any":
        archived = Order.archived_at.is_not(None)
        statement = statement.where(archived if filters.archived == "true" else ~archived)
    return statement


def search_shipments(filters: ShipmentFilters) -> Select[Shipment]:
    """The shipments that every filter takes; archived ones are left out."""
    statement = complete_shipments().where(Shipment.archived_at.is_(None))
    equal = {
        Shipment.canonical_id: filters.canonical_id,
        Shipment.order_id: filters.order_id,
        Shipment.number: filters.number,
        Shipment.kind: filters.kind and filters.kind.value,
    }
    statement = statement.where(*(column == value for column, value in equal.items() if value is not None))
    if filters.customer_id is not None:
        statement = statement.where(
            exists().where(Order.id == Shipment.order_id, Order.customer_id == filters.customer_id)
        )
    if filters.shipped_from is not None:
        statement = statement.where(Shipment.shipped_on >= filters.shipped_from)
    if filters.shipped_until is not None:
        statement = statement.where(Shipment.shipped_on <= filters.shipped_until)
    if filters.to_invoice is not None:
        left = and_(ShipmentLine.shipment_id == Shipment.id, ShipmentLine.invoiced < ShipmentLine.quantity)
        statement = statement.where(exists().where(left) if filters.to_invoice else ~exists().where(left))
    return statement


async def shipment_by_id(session: AsyncSession, shipment_id: UUID) -> Shipment:
    """One shipment or return with its lines. Raise `NotFound`."""
    found = await session.scalar(complete_shipments().where(Shipment.id == shipment_id))
    if found is None:
        raise NotFound(id=shipment_id)
    return found


async def shipments_for_update(session: AsyncSession, shipment_ids: Collection[UUID]) -> Sequence[Shipment]:
    """Shipments and returns with their lines, locked in the order of their ids."""

    async def read(ids: Collection[UUID]) -> list[tuple[UUID, Shipment]]:
        found = await session.scalars(_locked_shipments().where(Shipment.id.in_(ids)).order_by(Shipment.id))
        return [(row.id, row) for row in found]

    found = await gather.each_once(session, "shipment", shipment_ids, read)
    return [found[shipment_id] for shipment_id in sorted(found)]


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
