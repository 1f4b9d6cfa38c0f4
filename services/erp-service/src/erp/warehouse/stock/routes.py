"""HTTP of inventory."""

from typing import Annotated
from uuid import UUID

from chassis.auth import Principal, requires
from chassis.db import Session
from chassis.preconditions import IdempotentRoute
from fastapi import APIRouter
from records import reads

from erp.warehouse.stock import commands
from erp.warehouse.stock.records import MOVES, lists, warehouses
from erp.warehouse.stock.schemas import (
    AdjustmentBody,
    AdjustmentOut,
    MoveOut,
    ReceiptBody,
    TransferBody,
    TransferOut,
)

Writer = Annotated[Principal, requires("inventory:write")]

router = APIRouter(prefix="/v1", tags=["inventory"], route_class=IdempotentRoute)
routers = (warehouses, *lists, router)


@router.post("/stock/receipts", status_code=201)
async def receive_stock(body: ReceiptBody, session: Session, caller: Writer) -> MoveOut:
    """Register a receipt of goods. Back orders are filled at once, the oldest first."""
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
    """Register a count: the counted quantity becomes the stock. No move if it is unchanged."""
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
    """Transfer goods between warehouses, with their value; reserved ones stay."""
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


async def _shown(session: Session, move_id: UUID) -> MoveOut:
    return await MOVES.answer(session, await reads.by_id(session, MOVES, move_id))
