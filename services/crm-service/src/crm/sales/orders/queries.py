"""Named reads of orders and shipments."""

from collections.abc import Collection, Sequence
from uuid import UUID

from chassis.errors import NotFound
from chassis.pages import Sorting
from contracts.normalise import name_key
from sqlalchemy import Select, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from crm.parties.customers.models import Customer
from crm.sales.orders.models import Order, Shipment
from crm.sales.orders.schemas import OrderFilters, ShipmentFilters

ORDERS = Sorting(
    {
        "ordered_on": Order.ordered_on,
        "required_on": Order.required_on,
        "sales_number": Order.sales_number,
        "number": Order.number,
        "total": Order.total,
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
    """One order with its lines, archived or not. Raise `NotFound`."""
    return await _one(session, _complete().where(Order.id == order_id), order_id)


async def for_update(session: AsyncSession, order_id: UUID) -> Order:
    """One order with its lines, locked until the transaction ends. Raise `NotFound`."""
    return await _one(session, _locked().where(Order.id == order_id), order_id)


async def rows(session: AsyncSession, ids: Sequence[UUID], canonical_ids: Sequence[UUID]) -> Sequence[Order]:
    """Orders by local or shared id, locked in the order of their ids so that two batches never wait in a ring."""
    either = or_(Order.id.in_(ids), Order.canonical_id.in_(canonical_ids))
    return (await session.scalars(_locked().where(either).order_by(Order.id))).all()


def search(filters: OrderFilters) -> Select[Order]:
    """The orders that every filter takes; without their lines."""
    statement = select(Order)
    for word in (filters.q or "").split():
        named = select(Customer.id).where(Customer.search.contains(name_key(word), autoescape=True))
        found = Order.search.contains(word.casefold(), autoescape=True)
        statement = statement.where(or_(found, Order.customer_id.in_(named)))
    equal = {
        Order.canonical_id: filters.canonical_id,
        Order.customer_id: filters.customer_id,
        Order.sales_number: filters.sales_number,
        Order.number: filters.number,
        Order.reference: filters.reference,
        Order.currency: filters.currency,
        Order.request_open: filters.request_open,
    }
    statement = statement.where(*(column == value for column, value in equal.items() if value is not None))
    if filters.state:
        statement = statement.where(Order.state.in_(filters.state))
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


async def next_number(session: AsyncSession, counter: str = "order", prefix: str = "SO-") -> str:
    """The next number of a counter: an order's, if not said otherwise. It is nobody else's."""
    number: str = (await session.scalars(select(func.next_number(counter, prefix)))).one()
    return number


async def shipment(session: AsyncSession, shipment_id: UUID) -> Shipment:
    """One shipment. Raise `NotFound`."""
    found: Shipment | None = await session.get(Shipment, shipment_id)
    if found is None:
        raise NotFound(id=shipment_id)
    return found


async def shipments_of(session: AsyncSession, order_ids: Collection[UUID]) -> Sequence[Shipment]:
    """What left for these orders and came back, in the order of time."""
    wanted = select(Shipment).where(Shipment.order_id.in_(order_ids), Shipment.archived_at.is_(None))
    return (await session.scalars(wanted.order_by(Shipment.shipped_on, Shipment.number))).all()


async def shipment_rows(
    session: AsyncSession, ids: Sequence[UUID], canonical_ids: Sequence[UUID]
) -> Sequence[Shipment]:
    """Shipments by local or shared id, locked in the order of their ids."""
    either = or_(Shipment.id.in_(ids), Shipment.canonical_id.in_(canonical_ids))
    locked = select(Shipment).with_for_update().execution_options(populate_existing=True)
    return (await session.scalars(locked.where(either).order_by(Shipment.id))).all()


def shipments(filters: ShipmentFilters) -> Select[Shipment]:
    """The shipments that every filter takes; archived ones are left out."""
    equal = {
        Shipment.order_id: filters.order_id,
        Shipment.number: filters.number,
        Shipment.kind: filters.kind,
        Shipment.canonical_id: filters.canonical_id,
    }
    wanted = (column == value for column, value in equal.items() if value is not None)
    return select(Shipment).where(Shipment.archived_at.is_(None), *wanted)


def _complete() -> Select[Order]:
    return select(Order).options(selectinload(Order.lines))


def _locked() -> Select[Order]:
    return _complete().with_for_update().execution_options(populate_existing=True)


async def _one(session: AsyncSession, statement: Select[Order], order_id: UUID) -> Order:
    found: Order | None = await session.scalar(statement)
    if found is None:
        raise NotFound(id=order_id)
    return found
