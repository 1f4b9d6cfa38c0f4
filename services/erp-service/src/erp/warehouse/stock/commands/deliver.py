"""Issues for order lines, at the moving average, and returns at the value of their issue."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from erp.ledger import commands as ledger
from erp.ledger import queries as books
from erp.ledger.rules import Source
from erp.warehouse.stock import queries
from erp.warehouse.stock.commands.stock import Stock, caused, lock
from erp.warehouse.stock.models import ZERO, Demand, NotIssued, NotReserved, StockLevel, StockMove
from erp.warehouse.stock.rules import MoveKind, Want, times, value_out, written

Wanted = Mapping[UUID, Decimal]
Demands = Mapping[UUID, Sequence[Demand]]


async def issue(
    session: AsyncSession,
    wants: Sequence[Want],
    *,
    on: date,
    source: Source,
    actor: str,
    warehouse_id: UUID | None = None,
) -> Decimal:
    """Issue the reserved goods of the lines; returns their value, which is posted as "issue".

    With a warehouse, reservations elsewhere are replaced by free stock there. Raises `NotReserved`, `OutOfStock` when
    that warehouse has too little, and `PeriodClosed`.
    """
    wanted, stock, known = await _locked(session, wants)
    for line_id, quantity in wanted.items():
        parts = known.get(line_id, ())
        if not parts or any(each.reserved < times(quantity, each.per_unit) for each in parts):
            reserved = (await queries.reserved(session, [line_id]))[line_id]
            raise NotReserved(line_id=line_id, wanted=written(quantity), reserved=written(reserved))
    if warehouse_id is not None:
        await _gather(stock, wanted, known, warehouse_id)
    currency = (await books.company(session)).currency
    value = ZERO
    for demand, quantity in _parts(wanted, known):
        if not demand.stocked:
            demand.wanted, demand.reserved = demand.wanted - quantity, demand.reserved - quantity
            demand.issued += quantity
            continue
        for move in stock.leave(demand, quantity, currency, warehouse_id):
            move.line_id = demand.line_id
            stock.write(caused(move, MoveKind.ISSUE, on=on, source=source, actor=actor), currency)
            value -= move.value
    await stock.save()
    await ledger.post(session, "issue", on=on, currency=currency, amounts={"value": value}, source=source, actor=actor)
    return value


async def take_back(
    session: AsyncSession,
    wants: Sequence[Want],
    *,
    on: date,
    source: Source,
    actor: str,
    warehouse_id: UUID | None = None,
) -> Decimal:
    """Put issued goods of the lines back on hand; returns their value, which is posted as "return".

    They return at the value of their issue, and are available at once. Raises `NotIssued`, `WarehouseArchived`,
    `NotFound` for the warehouse, and `PeriodClosed`.
    """
    wanted, stock, known = await _locked(session, wants)
    for line_id, quantity in wanted.items():
        parts = known.get(line_id, ())
        if not parts or any(each.issued < times(quantity, each.per_unit) for each in parts):
            issued = min((each.issued / each.per_unit for each in parts), default=ZERO)
            raise NotIssued(line_id=line_id, wanted=written(quantity), issued=written(issued))
    currency = (await books.company(session)).currency
    worth = await queries.issued_values(session, wanted)
    value = ZERO
    for demand, quantity in _parts(wanted, known):
        if demand.stocked:
            level = await stock.level(demand.product_id, warehouse_id)
            left_for = worth.get((demand.line_id, demand.product_id), ZERO)
            part = value_out(quantity, demand.issued, left_for, currency)
            stock.put(level, quantity, part)
            move = StockMove(level_id=level.id, quantity=quantity, value=part, line_id=demand.line_id)
            stock.write(caused(move, MoveKind.RETURN, on=on, source=source, actor=actor), currency)
            value += part
        demand.issued -= quantity
    await stock.save()
    await ledger.post(session, "return", on=on, currency=currency, amounts={"value": value}, source=source, actor=actor)
    return value


async def _locked(session: AsyncSession, wants: Sequence[Want]) -> tuple[Wanted, Stock, Demands]:
    wanted: defaultdict[UUID, Decimal] = defaultdict(Decimal)
    for want in wants:
        wanted[want.line_id] += want.quantity
    before = await queries.demands(session, wanted)
    stock = await lock(session, [each.product_id for line in before.values() for each in line if each.stocked])
    return wanted, stock, await queries.demands(session, wanted)


def _parts(wanted: Wanted, known: Demands) -> Iterator[tuple[Demand, Decimal]]:
    for line_id, quantity in wanted.items():
        for demand in known.get(line_id, ()):
            if part := times(quantity, demand.per_unit):
                yield demand, part


async def _gather(stock: Stock, wanted: Wanted, known: Demands, warehouse_id: UUID) -> None:
    """Move reservations to the warehouse from which the goods are issued. Raises `OutOfStock`, `NotFound`."""
    stock.warehouse(warehouse_id)
    here: list[tuple[Demand, Decimal, StockLevel]] = []
    more: defaultdict[UUID, Decimal] = defaultdict(Decimal)
    for demand, quantity in _parts(wanted, known):
        if demand.stocked:
            level = await stock.level(demand.product_id, warehouse_id, to_fill=False)
            held = sum((each.quantity for each in demand.reservations if each.level_id == level.id), ZERO)
            here.append((demand, quantity, level))
            more[demand.product_id] += max(quantity - held, ZERO)
    stock.refuse_shortage(more, warehouse_id, [(demand.line_id, demand.product_id) for demand, _, _ in here])
    for demand, quantity, level in here:
        stock.bring_to(demand, level, quantity)
