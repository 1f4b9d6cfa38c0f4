"""Named reads of inventory."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

from chassis import gather
from contracts.product import ProductKind
from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from erp.catalogue.products.models import Component, Product
from erp.warehouse.stock.models import (
    ZERO,
    AvailabilityRow,
    Demand,
    Reservation,
    StockLevel,
    StockMove,
    Warehouse,
)
from erp.warehouse.stock.rules import Held, MoveKind, kits_made, kits_reserved


async def warehouses(session: AsyncSession) -> Sequence[Warehouse]:
    """All, in the order in which they are used: the default one, then by name, archived ones last."""
    order = (Warehouse.archived_at.is_not(None), Warehouse.is_default.desc(), Warehouse.name)
    return (await session.scalars(select(Warehouse).order_by(*order))).all()


async def warehouses_for_update(session: AsyncSession) -> Mapping[UUID, Warehouse]:
    """All, locked: only one may be the default."""
    statement = select(Warehouse).order_by(Warehouse.id).with_for_update(key_share=True)
    found = await session.scalars(statement.execution_options(populate_existing=True))
    return {each.id: each for each in found}


async def lies_in(session: AsyncSession, warehouse_id: UUID) -> bool:
    """Whether it has stock on hand."""
    there = select(StockLevel.id).where(StockLevel.warehouse_id == warehouse_id, StockLevel.on_hand > 0)
    return bool(await session.scalar(select(there.exists())))


async def levels_for_update(session: AsyncSession, product_ids: Sequence[UUID]) -> Sequence[StockLevel]:
    """All levels of the products, locked product by product, warehouse by warehouse."""
    statement = (
        select(StockLevel)
        .where(StockLevel.product_id.in_(product_ids))
        .order_by(StockLevel.product_id, StockLevel.warehouse_id)
        .with_for_update(key_share=True)
    )
    return (await session.scalars(statement.execution_options(populate_existing=True))).all()


async def demands(session: AsyncSession, line_ids: Collection[UUID]) -> dict[UUID, list[Demand]]:
    """The demands of the lines, with their reservations; lines without demand are omitted."""
    known = gather.kept(session, "demands", line_ids)
    if known is None:
        return await _read_demands(session, line_ids)
    return {line_id: found for line_id, found in known.items() if found}


async def keep_demands(session: AsyncSession, line_ids: Collection[UUID]) -> None:
    """Read the demands of the lines once for all gathered items; the caller has locked the lines and their stock."""
    found = await _read_demands(session, line_ids)
    gather.keep(session, "demands", [(line_id, found.get(line_id, [])) for line_id in line_ids])


async def _read_demands(session: AsyncSession, line_ids: Collection[UUID]) -> dict[UUID, list[Demand]]:
    statement = _demands().where(Demand.line_id.in_(line_ids)).order_by(Demand.position)
    found: defaultdict[UUID, list[Demand]] = defaultdict(list)
    for demand in await session.scalars(statement):
        found[demand.line_id].append(demand)
    return dict(found)


async def waiting(session: AsyncSession, product_id: UUID, limit: int) -> Sequence[Demand]:
    """The oldest back orders of a product; the caller has locked its stock."""
    short = _demands().where(Demand.product_id == product_id, Demand.reserved < Demand.wanted)
    return (await session.scalars(short.order_by(Demand.position).limit(limit))).all()


async def newest_holders(session: AsyncSession, level_id: UUID) -> Sequence[Demand]:
    """The demands with reservations at a level, the newest first."""
    holders = select(Reservation.demand_id).where(Reservation.level_id == level_id)
    statement = _demands().where(Demand.id.in_(holders)).order_by(Demand.position.desc())
    return (await session.scalars(statement)).all()


def _demands() -> Select[Demand]:
    return select(Demand).options(selectinload(Demand.reservations)).execution_options(populate_existing=True)


async def reserved(session: AsyncSession, line_ids: Collection[UUID]) -> dict[UUID, Decimal]:
    """The reserved quantity of each line that can be shipped; of a kit, whole ones only."""
    parts: defaultdict[UUID, list[Held]] = defaultdict(list)
    if (known := gather.kept(session, "demands", line_ids)) is not None:
        for each in (demand for line in known.values() for demand in line):
            parts[each.line_id].append(Held(each.per_unit, each.wanted, each.reserved))
    else:
        statement = select(Demand.line_id, Demand.per_unit, Demand.wanted, Demand.reserved)
        for line_id, *held in await session.execute(statement.where(Demand.line_id.in_(line_ids))):
            parts[line_id].append(Held(*held))
    return {line_id: kits_reserved(parts[line_id]) if line_id in parts else ZERO for line_id in line_ids}


async def available(session: AsyncSession, product_ids: Collection[UUID]) -> dict[UUID, Decimal]:
    """The available quantity of each product, over all warehouses; zero for a product without stock."""
    return {
        product_id: on_hand - reserved
        for product_id, (on_hand, reserved) in (await totals(session, product_ids)).items()
    }


async def totals(session: AsyncSession, product_ids: Collection[UUID]) -> dict[UUID, tuple[Decimal, Decimal]]:
    """(on hand, reserved) of each product, over all warehouses; of a kit, the number of whole kits that its components
    allow."""
    contents = await _contents(session, product_ids)
    parts = {component for components in contents.values() for component in components}
    statement = (
        select(StockLevel.product_id, func.sum(StockLevel.on_hand), func.sum(StockLevel.reserved))
        .where(StockLevel.product_id.in_({*product_ids, *parts}))
        .group_by(StockLevel.product_id)
    )
    found = {product_id: (on_hand, held) for product_id, on_hand, held in await session.execute(statement)}
    kits = {kit_id: kits_made(components, found) for kit_id, components in contents.items()}
    return {product_id: kits.get(product_id) or found.get(product_id, (ZERO, ZERO)) for product_id in product_ids}


@dataclass(frozen=True, slots=True)
class Goods:
    """The kind of a product, and the quantities of its components in their sequence; only kits have some."""

    kind: str
    components: dict[UUID, Decimal] = field(default_factory=dict)


async def goods(session: AsyncSession, product_ids: Collection[UUID]) -> dict[UUID, Goods]:
    """These products, and the components of those that are kits; unknown ids are omitted."""
    if not product_ids:
        return {}
    kinds = select(Product.id, Product.product_kind).where(Product.id.in_(product_ids))
    found = {product_id: Goods(kind) for product_id, kind in await session.execute(kinds)}
    if kits := [product_id for product_id, each in found.items() if each.kind == ProductKind.KIT]:
        contents = (
            select(Component.kit_id, Component.product_id, Component.quantity, Product.product_kind)
            .join(Product, Product.id == Component.product_id)
            .where(Component.kit_id.in_(kits))
            .order_by(Component.kit_id, Component.position)
        )
        for kit_id, product_id, quantity, kind in (await session.execute(contents)).all():
            found[kit_id].components[product_id] = quantity
            found.setdefault(product_id, Goods(kind))
    return found


async def kits_of(session: AsyncSession, product_ids: Collection[UUID]) -> set[UUID]:
    """The kits that contain one of these products."""
    return set(await session.scalars(select(Component.kit_id).where(Component.product_id.in_(product_ids))))


async def _contents(session: AsyncSession, product_ids: Collection[UUID]) -> dict[UUID, dict[UUID, Decimal]]:
    """Kit -> the quantities of its goods; services are always available."""
    statement = (
        select(Component.kit_id, Component.product_id, Component.quantity)
        .join(Product, Product.id == Component.product_id)
        .where(Component.kit_id.in_(product_ids), Product.product_kind == ProductKind.GOODS)
    )
    found: dict[UUID, dict[UUID, Decimal]] = {}
    for kit_id, product_id, quantity in await session.execute(statement):
        found.setdefault(kit_id, {})[product_id] = quantity
    return found


async def issued_values(session: AsyncSession, line_ids: Collection[UUID]) -> dict[tuple[UUID | None, UUID], Decimal]:
    """(line, product) -> the value of the goods that were issued for the line and not returned."""
    statement = (
        select(StockMove.line_id, StockLevel.product_id, -func.sum(StockMove.value))
        .join(StockLevel, StockLevel.id == StockMove.level_id)
        .where(StockMove.line_id.in_(line_ids), StockMove.kind.in_((MoveKind.ISSUE, MoveKind.RETURN)))
        .group_by(StockMove.line_id, StockLevel.product_id)
    )
    return {(line_id, product_id): value for line_id, product_id, value in await session.execute(statement)}


async def announced(session: AsyncSession, product_ids: Collection[UUID]) -> dict[UUID, AvailabilityRow]:
    """The last announced figures of each product, locked."""
    statement = select(AvailabilityRow).where(AvailabilityRow.product_id.in_(product_ids)).order_by(AvailabilityRow.id)
    found = await session.scalars(statement.with_for_update().execution_options(populate_existing=True))
    return {row.product_id: row for row in found}


async def placed(
    session: AsyncSession, level_ids: Collection[UUID]
) -> dict[UUID, tuple[StockLevel, Warehouse, Product]]:
    """Levels with their product and warehouse."""
    statement = (
        select(StockLevel, Warehouse, Product)
        .join(Warehouse, Warehouse.id == StockLevel.warehouse_id)
        .join(Product, Product.id == StockLevel.product_id)
        .where(StockLevel.id.in_(level_ids))
    )
    return {level.id: (level, warehouse, product) for level, warehouse, product in await session.execute(statement)}


async def reserving(session: AsyncSession, demand_ids: Collection[UUID]) -> dict[UUID, Demand]:
    """The demands of reservations."""
    return {each.id: each for each in await session.scalars(select(Demand).where(Demand.id.in_(demand_ids)))}
