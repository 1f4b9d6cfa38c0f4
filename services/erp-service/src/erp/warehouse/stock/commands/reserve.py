"""Reservations for order lines; missing quantities become back orders, which receipts fill."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from uuid import UUID

from chassis.errors import NotFound
from contracts.product import ProductKind
from sqlalchemy.ext.asyncio import AsyncSession

from erp.warehouse.stock import queries
from erp.warehouse.stock.commands.stock import Stock, lock
from erp.warehouse.stock.models import ZERO, Demand, KitWithoutComponents
from erp.warehouse.stock.queries import Goods
from erp.warehouse.stock.rules import Held, Part, Want, kits_reserved, times

Demands = Mapping[UUID, Sequence[Demand]]


async def reserve(session: AsyncSession, wants: Sequence[Want], *, whole: bool = False) -> dict[UUID, Decimal]:
    """Reserve the outstanding quantities of the lines, as `Reserving.reserve`."""
    reserving = await lock_for(session, wants)
    found = reserving.reserve(wants, whole=whole)
    await reserving.save()
    return found


class Reserving:
    """Reservations in memory, for lines whose demands are read and whose products are locked; `save` writes them."""

    def __init__(self, session: AsyncSession, stock: Stock, known: Demands, goods: Mapping[UUID, Goods]) -> None:
        self._session = session
        self._stock = stock
        self._known = known
        self._goods = goods

    def reserve(self, wants: Sequence[Want], *, whole: bool = False) -> dict[UUID, Decimal]:
        """Reserve the outstanding quantities of the lines; returns the reserved quantity of each. The rest is a back
        order.

        An existing demand gets the new quantity, and keeps its position among the back orders. A service is always
        reserved in full; a kit by its components as of its first reservation. With `whole`, raises `OutOfStock` unless
        everything can be reserved. Raises `NotFound` for a product, `KitWithoutComponents`. After an error nothing is
        reserved.
        """
        parts = self._parts(wants)
        if whole:
            lines = [(part.line_id, part.product_id) for part in parts]
            self._stock.refuse_shortage(_more(parts, self._known), lines=lines)
        held: defaultdict[UUID, list[Held]] = defaultdict(list)
        for part in parts:
            if part.quantity == 0 and part.line_id not in self._known:
                continue
            demand = _demand(self._session, part, self._known)
            _want(self._stock, demand, part.quantity)
            held[part.line_id].append(Held(demand.per_unit, demand.wanted, demand.reserved))
        return {want.line_id: kits_reserved(held[want.line_id]) for want in wants}

    async def save(self) -> None:
        """Write all reservations."""
        await self._stock.save()
        await _forget(self._session, self._known)

    def _parts(self, wants: Sequence[Want]) -> list[Part]:
        parts: list[Part] = []
        for want in wants:
            known = self._known.get(want.line_id)
            parts += [_again(want, each) for each in known] if known else _made_of(want, self._goods)
        return parts


async def lock_for(session: AsyncSession, wants: Sequence[Want]) -> Reserving:
    """Read the demands and products of the lines, and lock the stock of all of them."""
    lines = [want.line_id for want in wants]
    before = await queries.demands(session, lines) if lines else {}
    goods = await queries.goods(session, {want.product_id for want in wants if want.line_id not in before})
    stocked = {product_id for product_id, each in goods.items() if each.kind == ProductKind.GOODS}
    stock = await lock(session, stocked | {each.product_id for each in _all(before) if each.stocked})
    # Others may fill known demands until the stock is locked; new ones are made under the lock of the order alone.
    return Reserving(session, stock, await queries.demands(session, lines) if before else before, goods)


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


def _again(want: Want, demand: Demand) -> Part:
    quantity = times(want.quantity, demand.per_unit)
    return Part(want.line_id, demand.product_id, demand.per_unit, quantity, demand.stocked)


def _made_of(want: Want, goods: Mapping[UUID, Goods]) -> list[Part]:
    """The product itself, or the components of the kit."""
    if want.product_id not in goods:
        raise NotFound(id=want.product_id)
    product = goods[want.product_id]
    if product.kind != ProductKind.KIT:
        return [Part(want.line_id, want.product_id, Decimal(1), want.quantity, product.kind == ProductKind.GOODS)]
    if not product.components:
        raise KitWithoutComponents(product_id=want.product_id)
    return [
        Part(
            want.line_id,
            component_id,
            quantity,
            times(want.quantity, quantity),
            goods[component_id].kind == ProductKind.GOODS,
        )
        for component_id, quantity in product.components.items()
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
    gone = [demand for demand in _all(known) if demand.wanted == 0 and demand.issued == 0]
    for demand in gone:
        await session.delete(demand)
    if gone:
        await session.flush()


def _all(demands: Demands) -> list[Demand]:
    return [each for line in demands.values() for each in line]
