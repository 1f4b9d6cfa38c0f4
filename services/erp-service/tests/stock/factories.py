"""Products, receipts and sources as the tests of inventory need them."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from chassis.db import uuid7
from erp.catalogue.products.models import Product
from erp.ledger.rules import Source
from erp.warehouse.stock import commands
from erp.warehouse.stock.models import StockMove
from erp.warehouse.stock.rules import Want
from sqlalchemy.ext.asyncio import AsyncSession

DAY = date(2026, 3, 2)
BOXES = {"unit": "piece", "conversions": [{"unit": "box", "factor": "12"}]}


async def product(session: AsyncSession, sku: str | None = None, **values: Any) -> UUID:
    """A product that is there; goods, if not said otherwise."""
    row = Product.blank()
    row.id = uuid7()
    row.change({"name": "Chai", "sku": sku or str(row.id), "units": BOXES, **values})
    session.add(row)
    await session.flush()
    return row.id


async def kit(session: AsyncSession, **components: tuple[UUID, str]) -> UUID:
    """A kit of these products: `tea=(id, "2")`."""
    listed = [{"product_id": str(product_id), "quantity": quantity} for product_id, quantity in components.values()]
    return await product(session, product_kind="kit", components=listed)


async def received(
    session: AsyncSession, product_id: UUID, quantity: int | str, unit_cost: str = "1", **more: Any
) -> StockMove:
    """Goods that came in."""
    return await commands.receive(
        session, product_id, Decimal(quantity), Decimal(unit_cost), actor="anna", **{"on": DAY, **more}
    )


def want(product_id: UUID, quantity: int | str, line_id: UUID | None = None) -> Want:
    """A line that wants this much; a new one, if not given."""
    return Want(line_id or uuid4(), product_id, Decimal(quantity))


def shipment() -> Source:
    """Something that causes goods to move."""
    return Source("shipment", uuid4())
