"""HTTP of inventory."""

from typing import Annotated
from uuid import UUID

from chassis.auth import Principal, requires
from chassis.db import Session
from chassis.pages import Page, Paging
from chassis.preconditions import IdempotentRoute
from fastapi import APIRouter, Query

from erp.ledger import queries as books
from erp.warehouse.stock import commands, queries
from erp.warehouse.stock.schemas import (
    AdjustmentBody,
    AdjustmentOut,
    BackOrderOut,
    DemandFilters,
    MoveFilters,
    MoveOut,
    ReceiptBody,
    ReservationFilters,
    ReservationOut,
    StockFilters,
    StockOut,
    TransferBody,
    TransferOut,
)

READ = requires("inventory:read")
Writer = Annotated[Principal, requires("inventory:write")]

router = APIRouter(prefix="/v1", tags=["inventory"], route_class=IdempotentRoute)


@router.get("/stock", dependencies=[READ])
async def list_stock(session: Session, paging: Paging, filters: Annotated[StockFilters, Query()]) -> Page[StockOut]:
    """What lies where, by SKU unless `sort` says otherwise (sku, name, on_hand, reserved, value; `-` descends)."""
    currency = (await books.company(session)).currency
    statement = queries.stock(filters)
    return await paging.page(session, statement, queries.STOCK, lambda row: StockOut.of(row, currency))


@router.post("/stock/receipts", status_code=201)
async def receive_stock(body: ReceiptBody, session: Session, caller: Writer) -> MoveOut:
    """Goods have come in. Lines that wait for them are served at once, the oldest first."""
    move = await commands.receive(
        session,
        body.product_id,
        body.quantity,
        body.unit_cost,
        on=body.day,
        actor=caller.subject,
        warehouse_id=body.warehouse_id,
        unit=body.unit,
        reference=body.reference,
    )
    return await _shown(session, move.id)


@router.post("/stock/adjustments", status_code=201)
async def adjust_stock(body: AdjustmentBody, session: Session, caller: Writer) -> AdjustmentOut:
    """Goods were counted: that is what there is. No move when the books said the same."""
    move = await commands.adjust(
        session,
        body.product_id,
        body.counted,
        body.reason,
        on=body.day,
        actor=caller.subject,
        warehouse_id=body.warehouse_id,
        unit_cost=body.unit_cost,
    )
    return AdjustmentOut(move=await _shown(session, move.id) if move else None)


@router.post("/stock/transfers", status_code=201)
async def transfer_stock(body: TransferBody, session: Session, caller: Writer) -> TransferOut:
    """Goods go from one warehouse to another, with what they are worth; reserved ones stay."""
    moves = await commands.transfer(
        session,
        body.product_id,
        body.quantity,
        from_warehouse_id=body.from_warehouse_id,
        to_warehouse_id=body.to_warehouse_id,
        on=body.day,
        actor=caller.subject,
        reason=body.reason,
    )
    return TransferOut(moves=[await _shown(session, move.id) for move in moves])


@router.get("/stock-moves", dependencies=[READ])
async def list_stock_moves(session: Session, paging: Paging, filters: Annotated[MoveFilters, Query()]) -> Page[MoveOut]:
    """What came in and went out, the newest first unless `sort` says otherwise (position, moved_on; `-` descends)."""
    currency = (await books.company(session)).currency
    statement = queries.moves(filters)
    return await paging.page(session, statement, queries.MOVES, lambda row: MoveOut.of(row, currency))


@router.get("/stock-moves/{move_id}", dependencies=[READ])
async def read_stock_move(move_id: UUID, session: Session) -> MoveOut:
    """One move."""
    return await _shown(session, move_id)


@router.get("/reservations", dependencies=[READ])
async def list_reservations(
    session: Session, paging: Paging, filters: Annotated[ReservationFilters, Query()]
) -> Page[ReservationOut]:
    """What lies ready for which line of an order, and where; the oldest line first."""
    return await paging.page(session, queries.reservations(filters), queries.RESERVATIONS, ReservationOut.of)


@router.get("/back-orders", dependencies=[READ])
async def list_back_orders(
    session: Session, paging: Paging, filters: Annotated[DemandFilters, Query()]
) -> Page[BackOrderOut]:
    """What lines of orders wait for, in the order in which they are served."""
    statement = queries.back_orders(filters)
    return await paging.page(session, statement, queries.BACK_ORDERS, lambda row: BackOrderOut.model_validate(row[0]))


async def _shown(session: Session, move_id: UUID) -> MoveOut:
    return MoveOut.of(await queries.move(session, move_id), (await books.company(session)).currency)
