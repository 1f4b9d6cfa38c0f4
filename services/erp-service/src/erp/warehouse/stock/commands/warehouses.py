"""Warehouses by name, for other modules and files."""

from records import writes
from sqlalchemy.ext.asyncio import AsyncSession

from erp.warehouse.stock import queries
from erp.warehouse.stock.models import Warehouse
from erp.warehouse.stock.records import WAREHOUSES
from erp.warehouse.stock.schemas import WarehouseBody


async def named(session: AsyncSession, name: str, actor: str) -> Warehouse:
    """The warehouse with this name, created if missing."""
    for row in await queries.warehouses(session):
        if row.name == name:
            return row
    return await writes.create(session, WAREHOUSES, WarehouseBody(name=name), actor)
