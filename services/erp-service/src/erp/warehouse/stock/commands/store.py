"""Receipts, counts, and transfers between warehouses."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from chassis import clock
from chassis.db import uuid7
from contracts.product import ProductKind
from records import reads
from sqlalchemy.ext.asyncio import AsyncSession

from erp.catalogue.products.models import Product
from erp.catalogue.products.records import PRODUCTS
from erp.catalogue.products.rules import in_own_unit
from erp.ledger import commands as ledger
from erp.ledger import queries as books
from erp.ledger.rules import Source
from erp.warehouse.stock import queries
from erp.warehouse.stock.commands.stock import Stock, caused, lock
from erp.warehouse.stock.models import ZERO, NoStockKept, SameWarehouse, StockLevel, StockMove, UnitCostNeeded
from erp.warehouse.stock.rules import MoveKind, unit_cost, value_in


async def receive(
    session: AsyncSession,
    product_id: UUID,
    quantity: Decimal,
    unit_cost: Decimal,
    *,
    on: date | None = None,
    actor: str,
    warehouse_id: UUID | None = None,
    opening: bool = False,
    unit: str | None = None,
    reference: str = "",
) -> StockMove:
    """Receive goods at their cost; back orders are filled, oldest first. Posted as "receipt" or "opening".

    `quantity` and `unit_cost` are those of `unit`. Raises `NotFound`, `NoStockKept`, `UnknownUnit`,
    `WarehouseArchived`, `PeriodClosed`, `OutOfBounds`.
    """
    product = await _goods(session, product_id)
    own = in_own_unit(product.units, quantity, unit)
    stock = await lock(session, [product_id])
    level = await stock.level(product_id, warehouse_id)
    currency = (await books.company(session)).currency
    kind = MoveKind.OPENING if opening else MoveKind.RECEIPT
    move = StockMove(level_id=level.id, quantity=own, value=value_in(quantity, unit_cost, currency))
    stock.put(level, move.quantity, move.value)
    caused(move, kind, on=_day(on), source=None, actor=actor, reason=reference)
    return await _entered(session, stock, move, str(kind), currency)


async def adjust(
    session: AsyncSession,
    product_id: UUID,
    counted: Decimal,
    reason: str,
    *,
    on: date | None = None,
    actor: str,
    warehouse_id: UUID | None = None,
    unit_cost: Decimal | None = None,
) -> StockMove | None:
    """Set the counted quantity on hand; None when it is unchanged. Posted as "adjustment_up" or "adjustment_down".

    Missing goods lose their reservations: the newest lines first, which become back orders. Found goods are valued at
    `unit_cost`, or the moving average. Raises `NotFound`, `NoStockKept`, `UnitCostNeeded`, `WarehouseArchived` and
    `PeriodClosed`.
    """
    await _goods(session, product_id)
    stock = await lock(session, [product_id])
    level = await stock.level(product_id, warehouse_id, to_fill=counted > 0)
    more = counted - level.on_hand
    if more == 0:
        return None
    currency = (await books.company(session)).currency
    if more > 0:
        cost = unit_cost if unit_cost is not None else _average(stock, level)
        move = StockMove(level_id=level.id, quantity=more, value=value_in(more, cost, currency))
        stock.put(level, more, move.value)
    else:
        await _take_from_newest(session, stock, level, counted)
        move = StockMove(level_id=level.id, quantity=more, value=-stock.take(level, -more, currency))
    caused(move, MoveKind.ADJUSTMENT, on=_day(on), source=None, actor=actor, reason=reason)
    return await _entered(session, stock, move, "adjustment_up" if more > 0 else "adjustment_down", currency)


async def transfer(
    session: AsyncSession,
    product_id: UUID,
    quantity: Decimal,
    *,
    from_warehouse_id: UUID,
    to_warehouse_id: UUID,
    on: date | None = None,
    actor: str,
    reason: str = "",
) -> tuple[StockMove, StockMove]:
    """Move unreserved goods to another warehouse, with their value; nothing is posted.

    Raises `NotFound`, `NoStockKept`, `SameWarehouse`, `WarehouseArchived`, and `OutOfStock`.
    """
    if from_warehouse_id == to_warehouse_id:
        raise SameWarehouse()
    await _goods(session, product_id)
    stock = await lock(session, [product_id])
    giver = await stock.level(product_id, from_warehouse_id, to_fill=False)
    taker = await stock.level(product_id, to_warehouse_id)
    stock.refuse_shortage({product_id: quantity}, from_warehouse_id)
    currency = (await books.company(session)).currency
    value = stock.take(giver, quantity, currency)
    stock.put(taker, quantity, value)
    source = Source("stock_transfer", uuid7())
    out = StockMove(level_id=giver.id, quantity=-quantity, value=-value)
    into = StockMove(level_id=taker.id, quantity=quantity, value=value)
    for move in (out, into):
        stock.write(caused(move, MoveKind.TRANSFER, on=_day(on), source=source, actor=actor, reason=reason), currency)
    await stock.save()
    return out, into


async def _goods(session: AsyncSession, product_id: UUID) -> Product:
    product = await reads.by_id(session, PRODUCTS, product_id)
    if product.product_kind != ProductKind.GOODS:
        raise NoStockKept(product_id=product_id, product_kind=product.product_kind)
    return product


async def _take_from_newest(session: AsyncSession, stock: Stock, level: StockLevel, counted: Decimal) -> None:
    """Reduce reservations to the quantity on hand; the newest lines get back orders."""
    if level.reserved <= counted:
        return
    for demand in await queries.newest_holders(session, level.id):
        held = next(each.quantity for each in demand.reservations if each.level_id == level.id)
        stock.give_back_at(demand, level, min(held, max(level.reserved - counted, ZERO)))


def _average(stock: Stock, level: StockLevel) -> Decimal:
    """The value of one unit in this warehouse, else in all warehouses."""
    for levels in ([level], stock.of(level.product_id)):
        on_hand = sum((each.on_hand for each in levels), ZERO)
        if on_hand:
            return unit_cost(sum((each.value for each in levels), ZERO), on_hand)
    raise UnitCostNeeded(product_id=level.product_id)


async def _entered(session: AsyncSession, stock: Stock, move: StockMove, rule: str, currency: str) -> StockMove:
    stock.write(move, currency)
    await stock.save()
    await ledger.post(
        session,
        rule,
        on=move.moved_on,
        currency=currency,
        amounts={"value": abs(move.value)},
        source=Source(move.source_kind, move.source_id),
        actor=move.actor,
        text=move.reason,
    )
    return move


def _day(on: date | None) -> date:
    return on or clock.today()
