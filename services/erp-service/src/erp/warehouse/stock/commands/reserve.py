"""Reservations for order lines; missing quantities become back orders, which receipts fill."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from uuid import UUID

from chassis.errors import NotFound
from contracts.product import ProductKind
from records import reads
from sqlalchemy.ext.asyncio import AsyncSession

from erp.catalogue.products.models import Product
from erp.catalogue.products.records import PRODUCTS
from erp.warehouse.stock import queries
from erp.warehouse.stock.commands.stock import Stock, lock
from erp.warehouse.stock.models import ZERO, Demand, KitWithoutComponents
from erp.warehouse.stock.rules import Held, Part, Want, kits_reserved, times

Demands = Mapping[UUID, Sequence[Demand]]


async def reserve(session: AsyncSession, wants: Sequence[Want], *, whole: bool = False) -> dict[UUID, Decimal]:
    """Reserve the outstanding quantities of the lines; returns the reserved quantity of each. The rest is a back order.

    An existing demand gets the new quantity, and keeps its position among the back orders. A service is always reserved
    in full; a kit by its components as of its first reservation. With `whole`, raises `OutOfStock` unless everything
    can be reserved. Raises `NotFound` for a product, `KitWithoutComponents`.
    """
    lines = [want.line_id for want in wants]
    before = await queries.demands(session, lines)
    parts = await _parts(session, wants, before)
    stock = await lock(session, [part.product_id for part in parts if part.stocked])
    # Others may fill known demands until the stock is locked; new ones are made under the lock of the order alone.
    known = await queries.demands(session, lines) if before else before
    if whole:
        stock.refuse_shortage(_more(parts, known), lines=[(part.line_id, part.product_id) for part in parts])
    held: defaultdict[UUID, list[Held]] = defaultdict(list)
    for part in parts:
        if part.quantity == 0 and part.line_id not in known:
            continue
        demand = _demand(session, part, known)
        _want(stock, demand, part.quantity)
        held[part.line_id].append(Held(demand.per_unit, demand.wanted, demand.reserved))
    await stock.save()
    await _forget(session, known)
    return {want.line_id: kits_reserved(held[want.line_id]) for want in wants}


async def change(session: AsyncSession, want: Want) -> Decimal:
    """Change the outstanding quantity of a line; returns its reserved quantity."""
    return (await reserve(session, [want]))[want.line_id]


async def release(session: AsyncSession, line_ids: Collection[UUID]) -> None:
    """Remove the reservations and back orders of the lines; the released stock fills other back orders."""
    before = await queries.demands(session, line_ids)
    stock = await lock(session, [each.product_id for each in _all(before) if each.stocked])
    known = await queries.demands(session, line_ids)
    for demand in _all(known):
        _want(stock, demand, ZERO)
    await stock.save()
    await _forget(session, known)


async def _parts(session: AsyncSession, wants: Sequence[Want], known: Demands) -> list[Part]:
    found = await reads.by_ids(session, PRODUCTS, {want.product_id for want in wants})
    inside = {component.product_id for product in found.values() for component in product.components}
    components = await reads.by_ids(session, PRODUCTS, inside - found.keys()) if inside else {}
    parts: list[Part] = []
    for want in wants:
        if want.line_id in known:
            parts += [
                Part(want.line_id, each.product_id, each.per_unit, times(want.quantity, each.per_unit), each.stocked)
                for each in known[want.line_id]
            ]
        else:
            if want.product_id not in found:
                raise NotFound(id=want.product_id)
            product = found[want.product_id]
            parts += _made_of(want, product, {**components, **found})
    return parts


def _made_of(want: Want, product: Product, known: Mapping[UUID, Product]) -> list[Part]:
    """The product itself, or the components of the kit."""
    if product.product_kind != ProductKind.KIT:
        return [Part(want.line_id, product.id, Decimal(1), want.quantity, product.product_kind == ProductKind.GOODS)]
    if not product.components:
        raise KitWithoutComponents(product_id=product.id)
    return [
        Part(
            want.line_id,
            each.product_id,
            each.quantity,
            times(want.quantity, each.quantity),
            known[each.product_id].product_kind == ProductKind.GOODS,
        )
        for each in product.components
    ]


def _more(parts: Sequence[Part], known: Demands) -> dict[UUID, Decimal]:
    """The additional quantity of each product to be reserved."""
    reserved = {(each.line_id, each.product_id): each.reserved for each in _all(known)}
    more: defaultdict[UUID, Decimal] = defaultdict(Decimal)
    for part in parts:
        if part.stocked:
            more[part.product_id] += part.quantity - reserved.get((part.line_id, part.product_id), ZERO)
    return more


def _demand(session: AsyncSession, part: Part, known: Demands) -> Demand:
    for demand in known.get(part.line_id, ()):
        if demand.product_id == part.product_id:
            return demand
    demand = Demand(
        line_id=part.line_id,
        product_id=part.product_id,
        stocked=part.stocked,
        per_unit=part.per_unit,
        wanted=ZERO,
        reserved=ZERO,
        issued=ZERO,
        reservations=[],
    )
    session.add(demand)
    return demand


def _want(stock: Stock, demand: Demand, quantity: Decimal) -> None:
    if demand.stocked:
        stock.give_back(demand, max(demand.reserved - quantity, ZERO))
        demand.wanted = quantity
        stock.set_aside(demand)
    else:
        demand.wanted = demand.reserved = quantity


async def _forget(session: AsyncSession, known: Demands) -> None:
    """Delete the demand of a line without outstanding and issued quantities."""
    for demand in _all(known):
        if demand.wanted == 0 and demand.issued == 0:
            await session.delete(demand)
    await session.flush()


def _all(demands: Demands) -> list[Demand]:
    return [each for line in demands.values() for each in line]
