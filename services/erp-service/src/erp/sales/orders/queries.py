"""Named reads of orders."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from erp.catalogue.products.models import Product
from erp.parties.customers.models import Customer
from erp.sales.orders.models import Order, OrderLine


async def of_lines(session: AsyncSession, line_ids: Collection[UUID]) -> set[UUID]:
    """The orders of these lines."""
    return set((await session.scalars(select(OrderLine.order_id).where(OrderLine.id.in_(line_ids)))).all())


async def on_order(session: AsyncSession, customer_id: UUID, currency: str, but: UUID | None = None) -> Decimal:
    """The amount still to be invoiced of a customer, tax included: confirmed orders, except `but`."""
    wanted = (Order.customer_id == customer_id, Order.currency == currency, Order.on_order != 0)
    statement = select(func.coalesce(func.sum(Order.on_order), 0)).where(*wanted)
    if but is not None:
        statement = statement.where(Order.id != but)
    return Decimal(await session.scalar(statement) or 0)


@dataclass(frozen=True, slots=True)
class Standing:
    """The state of an order's customer, and an archived product of it, for the decision on the order."""

    customer: str
    credit: dict[str, Any] | None
    customer_archived_at: datetime | None
    archived_product: str | None


async def standing(session: AsyncSession, row: Order) -> Standing:
    """The current state of the customer and the products of an order."""
    gone = (Product.id.in_([line.product_id for line in row.lines]), Product.archived_at.is_not(None))
    product = select(func.min(Product.name)).where(*gone).scalar_subquery()
    statement = select(Customer.name, Customer.credit, Customer.archived_at, product)
    return Standing(*(await session.execute(statement.where(Customer.id == row.customer_id))).one())
