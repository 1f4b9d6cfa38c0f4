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


async def on_order(
    session: AsyncSession, customer_ids: Collection[UUID], but: Collection[UUID] = ()
) -> dict[tuple[UUID, str], Decimal]:
    """The amounts still to be invoiced of these customers, tax included, by currency: confirmed orders, except
    `but`."""
    wanted = (Order.customer_id.in_(customer_ids), Order.on_order != 0, Order.id.not_in(but))
    statement = select(Order.customer_id, Order.currency, func.sum(Order.on_order)).where(*wanted)
    found = await session.execute(statement.group_by(Order.customer_id, Order.currency))
    return {(customer_id, currency): amount for customer_id, currency, amount in found}


@dataclass(frozen=True, slots=True)
class Buyer:
    """The customer of an order, for the decision on it."""

    name: str
    stage: str
    credit: dict[str, Any] | None
    archived_at: datetime | None


async def buyers(session: AsyncSession, customer_ids: Collection[UUID]) -> dict[UUID, Buyer]:
    """The customers of orders."""
    statement = select(Customer.id, Customer.name, Customer.stage, Customer.credit, Customer.archived_at)
    found = await session.execute(statement.where(Customer.id.in_(customer_ids)))
    return {row.id: Buyer(row.name, row.stage, row.credit, row.archived_at) for row in found}


async def archived_products(session: AsyncSession, product_ids: Collection[UUID]) -> dict[UUID, str]:
    """The names of the archived ones among these products."""
    statement = select(Product.id, Product.name).where(Product.id.in_(product_ids), Product.archived_at.is_not(None))
    return dict((await session.execute(statement)).all())
