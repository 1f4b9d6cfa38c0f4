"""Every use case that changes a warehouse."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from chassis import clock
from chassis.errors import NotFound
from chassis.patch import patched
from sqlalchemy.ext.asyncio import AsyncSession

from erp.warehouse.stock import queries
from erp.warehouse.stock.models import Warehouse, WarehouseArchived, WarehouseInUse, WarehouseNameTaken
from erp.warehouse.stock.schemas import WarehouseBody

Check = Callable[[Warehouse], None]
Warehouses = Mapping[UUID, Warehouse]


async def create(session: AsyncSession, body: WarehouseBody) -> Warehouse:
    """Add a warehouse; the first one is the default. Raise `WarehouseNameTaken`."""
    known = await queries.warehouses_for_update(session)
    row = Warehouse(name=body.name, is_default=False, archived_at=None)
    _refuse_taken_name(known, body.name)
    session.add(row)
    await session.flush()
    if body.is_default or not known:
        await _make_default(session, known, row)
    return row


async def change(session: AsyncSession, warehouse_id: UUID, patch: Mapping[str, Any], seen: Check) -> Warehouse:
    """Rename a warehouse that the caller has `seen`, or make it the default one, which ends that of the present one.

    Raise `NotFound`, `WarehouseNameTaken`, `WarehouseArchived`, `WarehouseInUse` for a default that would be none.
    """
    known, row = await _seen(session, warehouse_id, seen)
    body = patched(WarehouseBody, {"name": row.name, "is_default": row.is_default}, patch)
    if row.is_default and not body.is_default:
        raise WarehouseInUse(id=row.id, reason=f"{row.name} is the default warehouse, and there must be one.")
    if body.name != row.name:
        _refuse_taken_name(known, body.name)
        row.name = body.name
        row.count_on()
    if body.is_default and not row.is_default:
        if row.archived_at is not None:
            raise WarehouseArchived(id=row.id, name=row.name)
        await _make_default(session, known, row)
        row.count_on()
    await session.flush()
    return row


async def archive(session: AsyncSession, warehouse_id: UUID, seen: Check) -> Warehouse:
    """Take a warehouse out of use. Raise `WarehouseInUse` while something lies there, or while it is the default."""
    _, row = await _seen(session, warehouse_id, seen)
    if row.is_default:
        raise WarehouseInUse(id=row.id, reason=f"{row.name} is the default warehouse.")
    if await queries.lies_in(session, row.id):
        raise WarehouseInUse(id=row.id, reason=f"There is something on hand in {row.name}.")
    if row.archived_at is None:
        row.archived_at = clock.now()
        row.count_on()
        await session.flush()
    return row


async def restore(session: AsyncSession, warehouse_id: UUID) -> Warehouse:
    """Take an archived warehouse into use again."""
    _, row = await _seen(session, warehouse_id, lambda _: None)
    if row.archived_at is not None:
        row.archived_at = None
        row.count_on()
        await session.flush()
    return row


async def named(session: AsyncSession, name: str) -> Warehouse:
    """The warehouse of that name, made when there is none."""
    known = await queries.warehouses(session)
    found = next((each for each in known if each.name == name), None)
    return found or await create(session, WarehouseBody(name=name))


async def _seen(session: AsyncSession, warehouse_id: UUID, seen: Check) -> tuple[Warehouses, Warehouse]:
    known = await queries.warehouses_for_update(session)
    if warehouse_id not in known:
        raise NotFound(id=warehouse_id)
    seen(known[warehouse_id])
    return known, known[warehouse_id]


def _refuse_taken_name(known: Warehouses, name: str) -> None:
    for other in known.values():
        if other.name == name:
            raise WarehouseNameTaken(name=name, id=other.id)


async def _make_default(session: AsyncSession, known: Warehouses, row: Warehouse) -> None:
    """One after the other: at no moment there are two."""
    for other in known.values():
        if other.is_default:
            other.is_default = False
            other.count_on()
    await session.flush()
    row.is_default = True
    await session.flush()
