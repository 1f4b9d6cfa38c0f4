"""The stock of some products, locked until the transaction ends, with its reservations."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from uuid import UUID

from chassis import gather
from chassis.db import uuid7
from chassis.errors import NotFound
from sqlalchemy import ARRAY, Uuid, bindparam, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from erp.ledger.rules import Source
from erp.warehouse.stock import queries
from erp.warehouse.stock.events import announce_move
from erp.warehouse.stock.models import (
    ZERO,
    Demand,
    OutOfStock,
    Reservation,
    StockChange,
    StockLevel,
    StockMove,
    Warehouse,
    WarehouseArchived,
)
from erp.warehouse.stock.rules import MoveKind, shared_out, unit_cost, written

FIRST_WAREHOUSE = "Main"
FILLED_AT_ONCE = 100
FIRST_LEVELS = text("""
    insert into stock_levels (product_id, warehouse_id)
    select wanted.product_id, :warehouse from unnest(:products) as wanted (product_id)
    where not exists (
        select from stock_levels present
        where present.product_id = wanted.product_id and present.warehouse_id = :warehouse
    )
    order by wanted.product_id
    on conflict do nothing
""").bindparams(bindparam("warehouse", type_=Uuid()), bindparam("products", type_=ARRAY(Uuid())))


class Stock:
    """Levels that this transaction has locked; the default warehouse's first, then by the warehouse's name.

    Nothing is written before `save`, so a refused command changes nothing.
    """

    def __init__(self, session: AsyncSession, warehouses: Sequence[Warehouse], levels: Sequence[StockLevel]) -> None:
        self._session = session
        self._order = {warehouse.id: place for place, warehouse in enumerate(warehouses)}
        self._warehouses = {warehouse.id: warehouse for warehouse in warehouses}
        self._levels = {level.id: level for level in levels}
        self._changed: set[UUID] = set()
        self._freed: set[UUID] = set()

    def of(self, product_id: UUID) -> list[StockLevel]:
        """The levels of a product, in the order in which they are used."""
        found = [level for level in self._levels.values() if level.product_id == product_id]
        return sorted(found, key=lambda level: self._order[level.warehouse_id])

    def free(self, product_id: UUID) -> Decimal:
        """The available quantity, over all warehouses."""
        return sum((level.free for level in self.of(product_id)), ZERO)

    def refuse_shortage(
        self,
        wanted: Mapping[UUID, Decimal],
        warehouse_id: UUID | None = None,
        lines: Iterable[tuple[UUID, UUID]] = (),
    ) -> None:
        """Raises `OutOfStock` when more is requested of a product than is available, in one warehouse or in all.

        `lines` are those that need the products, each (id, product).
        """
        needed_by = list(lines)
        free = {
            product_id: sum(
                (each.free for each in self.of(product_id) if warehouse_id in {None, each.warehouse_id}), ZERO
            )
            for product_id in wanted
        }
        shortages = [
            {
                "product_id": product_id,
                "wanted": written(quantity),
                "available": written(free[product_id]),
                "line_ids": [line_id for line_id, needed in needed_by if needed == product_id],
            }
            for product_id, quantity in wanted.items()
            if quantity > free[product_id]
        ]
        if shortages:
            raise OutOfStock(shortages=shortages)

    def warehouse(self, warehouse_id: UUID | None) -> Warehouse:
        """The given warehouse, or the default one. Raises `NotFound`."""
        if warehouse_id is None:
            return next(iter(self._warehouses.values()))
        if warehouse_id not in self._warehouses:
            raise NotFound(id=warehouse_id)
        return self._warehouses[warehouse_id]

    async def level(self, product_id: UUID, warehouse_id: UUID | None, *, to_fill: bool = True) -> StockLevel:
        """The product's level in a warehouse, created if missing. Raises `NotFound`, `WarehouseArchived`.

        No other transaction creates the same one: it would wait for the levels that are locked here.
        """
        warehouse = self.warehouse(warehouse_id)
        if to_fill and warehouse.archived_at is not None:
            raise WarehouseArchived(id=warehouse.id, name=warehouse.name)
        found = next((each for each in self.of(product_id) if each.warehouse_id == warehouse.id), None)
        if found is None:
            found = StockLevel(
                product_id=product_id, warehouse_id=warehouse.id, on_hand=ZERO, reserved=ZERO, value=ZERO
            )
            self._session.add(found)
            await self._session.flush()
            self._levels[found.id] = found
            gather.forget(self._session, "levels", product_id)
        return found

    def put(self, level: StockLevel, quantity: Decimal, value: Decimal) -> None:
        """Add received goods, which may fill back orders."""
        level.put(quantity, value)
        self._changed.add(level.product_id)
        self._freed.add(level.product_id)

    def take(self, level: StockLevel, quantity: Decimal, currency: str) -> Decimal:
        """Remove goods that are not reserved; returns their value."""
        self._changed.add(level.product_id)
        return level.take(quantity, currency)

    def set_aside(self, demand: Demand) -> None:
        """Reserve the missing quantity as far as possible, warehouse by warehouse."""
        levels = self.of(demand.product_id)
        for level, quantity in zip(levels, shared_out(demand.missing, [each.free for each in levels]), strict=True):
            self._hold(demand, level, quantity)

    def give_back(self, demand: Demand, quantity: Decimal) -> None:
        """Reduce the reservations by this quantity, the last warehouse first."""
        held = list(reversed(self._held(demand)))
        for reservation, less in zip(held, shared_out(quantity, [each.quantity for each in held]), strict=True):
            self._hold(demand, self._levels[reservation.level_id], -less)
        if quantity:
            self._freed.add(demand.product_id)

    def give_back_at(self, demand: Demand, level: StockLevel, quantity: Decimal) -> None:
        """Reduce the reservations in one warehouse."""
        self._hold(demand, level, -quantity)
        self._freed.add(demand.product_id)

    def bring_to(self, demand: Demand, level: StockLevel, quantity: Decimal) -> None:
        """Reserve this quantity at one level instead of elsewhere; enough must be available."""
        here = sum((each.quantity for each in demand.reservations if each.level_id == level.id), ZERO)
        more = quantity - here
        if more <= 0:
            return
        elsewhere = [each for each in reversed(self._held(demand)) if each.level_id != level.id]
        for reservation, less in zip(elsewhere, shared_out(more, [e.quantity for e in elsewhere]), strict=True):
            self._hold(demand, self._levels[reservation.level_id], -less)
        self._hold(demand, level, more)
        self._freed.add(demand.product_id)

    def leave(self, demand: Demand, quantity: Decimal, currency: str, first: UUID | None) -> list[StockMove]:
        """Issue reserved goods, from the warehouse `first` if given; returns the moves, whose cause is not set yet."""
        held = sorted(self._held(demand), key=lambda each: self._levels[each.level_id].warehouse_id != first)
        moves = []
        for reservation, part in zip(held, shared_out(quantity, [each.quantity for each in held]), strict=True):
            if part == 0:
                continue
            level = self._levels[reservation.level_id]
            self._hold(demand, level, -part)
            moves.append(StockMove(level_id=level.id, quantity=-part, value=-self.take(level, part, currency)))
        demand.wanted -= quantity
        demand.issued += quantity
        return moves

    def write(self, move: StockMove, currency: str) -> None:
        """Add a move that has its cause, and announce it."""
        self._session.add(move)
        announce_move(self._session, move, self._levels[move.level_id], currency)

    def _held(self, demand: Demand) -> list[Reservation]:
        return sorted(demand.reservations, key=lambda each: self._order[self._levels[each.level_id].warehouse_id])

    def _hold(self, demand: Demand, level: StockLevel, more: Decimal) -> None:
        """Change the reservation of a level for a demand by `more`, which may be negative; an empty reservation is
        deleted."""
        if more == 0:
            return
        reservation = next((each for each in demand.reservations if each.level_id == level.id), None)
        if reservation is None:
            reservation = Reservation(level_id=level.id, quantity=ZERO)
            demand.reservations.append(reservation)
        reservation.quantity += more
        if reservation.quantity == 0:
            demand.reservations.remove(reservation)
        level.reserved += more
        demand.reserved += more
        self._changed.add(level.product_id)

    async def save(self) -> None:
        """Fill back orders, oldest first, with available stock; write change notes; flush."""
        for product_id in sorted(self._freed):
            await self._fill(product_id)
        self._freed.clear()
        self._session.add_all(StockChange(product_id=product_id) for product_id in sorted(self._changed))
        self._changed.clear()
        await gather.flush(self._session)

    async def _fill(self, product_id: UUID) -> None:
        while self.free(product_id) > 0:
            await self._session.flush()
            waiting = await queries.waiting(self._session, product_id, FILLED_AT_ONCE)
            for demand in waiting:
                self.set_aside(demand)
            if len(waiting) < FILLED_AT_ONCE:
                return


async def lock(session: AsyncSession, product_ids: Collection[UUID]) -> Stock:
    """Lock all stock of these products, product by product, so that two transactions cannot deadlock.

    A caller of several commands in one transaction locks the products of all of them first.
    """
    warehouses = await gather.once(session, "warehouses", lambda: _warehouses(session))

    async def read(ids: Collection[UUID]) -> Iterable[tuple[UUID, list[StockLevel]]]:
        # Every product has a level that can be locked, also without stock.
        await session.execute(FIRST_LEVELS, {"warehouse": warehouses[0].id, "products": sorted(ids)})
        levels: defaultdict[UUID, list[StockLevel]] = defaultdict(list)
        for level in await queries.levels_for_update(session, sorted(ids)):
            levels[level.product_id].append(level)
        return levels.items()

    found = await gather.each_once(session, "levels", set(product_ids), read) if product_ids else {}
    return Stock(session, warehouses, [level for levels in found.values() for level in levels])


async def _warehouses(session: AsyncSession) -> Sequence[Warehouse]:
    found = await queries.warehouses(session)
    if not found:
        first = insert(Warehouse).values(name=FIRST_WAREHOUSE, is_default=True)
        await session.execute(first.on_conflict_do_nothing())
        found = await queries.warehouses(session)
    return found


def caused(
    move: StockMove, kind: MoveKind, *, on: date, source: Source | None, actor: str, reason: str = ""
) -> StockMove:
    """Set the cause of moves; a move without another cause is its own source."""
    move.id = move.id or uuid7()
    move.kind, move.moved_on, move.actor, move.reason = kind, on, actor, reason
    move.source_kind, move.source_id = (source.kind, source.id) if source else ("stock_move", move.id)
    move.unit_cost = unit_cost(move.value, move.quantity)
    return move
