"""Rules of warehouses that need the database."""

from typing import Any

from localisation import Phrase
from sqlalchemy.ext.asyncio import AsyncSession

from erp.warehouse.stock import queries
from erp.warehouse.stock.models import Warehouse, WarehouseArchived, WarehouseInUse, WarehouseNameTaken


async def warehouse(session: AsyncSession, row: Warehouse, values: dict[str, Any]) -> None:
    """The first warehouse is the default one; a new default replaces the current one.

    Raises `WarehouseNameTaken`, `WarehouseArchived`, `WarehouseInUse` when there would be no default.
    """
    known = await queries.warehouses_for_update(session)
    others = [each for each in known.values() if each.id != row.id]
    for other in others:
        if other.name == values["name"]:
            raise WarehouseNameTaken(name=other.name, id=other.id)
    if row.is_default and not values["is_default"]:
        raise WarehouseInUse(
            id=row.id, reason=Phrase("{name} is the default warehouse, and there must be one.", name=row.name)
        )
    if values["is_default"] and row.archived_at is not None:
        raise WarehouseArchived(id=row.id, name=row.name)
    values["is_default"] = values["is_default"] or not known
    if values["is_default"]:
        await _end_default(session, others)


async def empty_warehouse(session: AsyncSession, row: Warehouse) -> None:
    """Raises `WarehouseInUse` while it has stock, or is the default."""
    await queries.warehouses_for_update(session)
    if row.is_default:
        raise WarehouseInUse(id=row.id, reason=Phrase("{name} is the default warehouse.", name=row.name))
    if await queries.lies_in(session, row.id):
        raise WarehouseInUse(id=row.id, reason=Phrase("{name} has stock on hand.", name=row.name))


async def _end_default(session: AsyncSession, others: list[Warehouse]) -> None:
    for other in others:
        if other.is_default:
            other.is_default = False
            other.count_on()
    await session.flush()
