"""HTTP of orders and shipments."""

from typing import Annotated
from uuid import UUID

from chassis import gather
from chassis.auth import Principal, requires
from chassis.db import Session
from chassis.errors import Problem
from chassis.preconditions import IdempotentRoute
from contracts.order import OrderReason
from fastapi import APIRouter, Response
from lines.discounts.routes import limits_router
from records import ActionRouter, answered, needs, reads, routes

from erp.sales.orders import commands
from erp.sales.orders.models import OrderSetting
from erp.sales.orders.records import HOLD, ORDERS, SHIPMENTS, shipments
from erp.sales.orders.schemas import (
    CancelBody,
    HoldBody,
    LineProgress,
    OrderOut,
    OrderProgress,
    ReturnBody,
    ShipmentBatch,
    ShipmentBody,
    ShipmentItem,
    ShipmentOut,
    ShipmentResult,
    ShipmentResults,
)
from erp.warehouse.stock import queries as stock

plain = routes(
    ORDERS,
    create=commands.create,
    change=commands.change,
    with_roles=True,
    says={
        "create": (
            "Enter a draft. Omitted prices and tax rates are the declared ones.\n\nThe caller's roles limit the "
            "discounts on the prices of the price lists."
        ),
        "read": "One order with its lines, with the `ETag` to change it.",
        "change": (
            "Change the given fields of a draft; others are unchanged. `lines` is the whole list; those with an "
            "`id` are kept."
        ),
        "archive": "Archive a draft or a cancelled order, in all systems; no data is deleted.",
        "batch": "Create and change up to 200 drafts; each item succeeds or fails alone, and has its own result.",
    },
)
router = ActionRouter(ORDERS, SHIPMENTS)
batches = APIRouter(prefix="/v1/shipments", tags=["orders"], route_class=IdempotentRoute)
LIMITS_WRITERS = ("prices:write",)
limits = limits_router(OrderSetting, "orders", "prices:read", LIMITS_WRITERS)
routers = (limits, plain, router, shipments, batches)
READ = requires("orders:read")
Writer = Annotated[Principal, requires("orders:write")]
Holder = Annotated[Principal, requires("orders:write", HOLD)]


@router.post("/{order_id}/submit")
async def submit_order(order_id: UUID, session: Session, caller: Writer, response: Response) -> OrderOut:
    """Submit a draft; it is decided on within moments."""
    return await answered(session, ORDERS, await commands.submit(session, order_id, caller.subject), response)


@router.post("/{order_id}/confirm")
async def confirm_order(order_id: UUID, session: Session, caller: Writer, response: Response) -> OrderOut:
    """Confirm an order now, when credit and stock allow it. An order on hold takes the scope orders:hold too."""
    row = await reads.by_id(session, ORDERS, order_id, lock=True)
    caller.require(*needs(ORDERS, "confirm", row))
    return await answered(session, ORDERS, await commands.confirm(session, order_id, caller.subject), response)


@router.post("/{order_id}/hold")
async def hold_order(order_id: UUID, body: HoldBody, session: Session, caller: Holder, response: Response) -> OrderOut:
    """Put an order on hold, with a reason."""
    reason = OrderReason(code="held", text=body.reason)
    return await answered(session, ORDERS, await commands.hold(session, order_id, reason, caller.subject), response)


@router.post("/{order_id}/resume")
async def resume_order(order_id: UUID, session: Session, caller: Holder, response: Response) -> OrderOut:
    """Check an order on hold again: it is confirmed if no rule forbids it."""
    return await answered(session, ORDERS, await commands.resume(session, order_id, caller.subject), response)


@router.post("/{order_id}/cancel")
async def cancel_order(
    order_id: UUID, session: Session, caller: Writer, response: Response, body: CancelBody | None = None
) -> OrderOut:
    """Cancel an order without shipments; its reservations are released."""
    reason = body.reason if body else None
    return await answered(session, ORDERS, await commands.cancel(session, order_id, reason, caller.subject), response)


@router.get("/{order_id}/progress", dependencies=[READ])
async def read_progress(order_id: UUID, session: Session) -> OrderProgress:
    """The progress of each line: ordered, reserved, back-ordered, shipped, returned, invoiced."""
    row = await reads.by_id(session, ORDERS, order_id)
    reserved = await stock.reserved(session, [line.id for line in row.lines]) if row.holds_stock else {}
    lines = [
        LineProgress(
            line_id=line.id,
            product_id=line.product_id,
            ordered=line.quantity,
            reserved=reserved.get(line.id, 0),
            back_ordered=line.left - reserved.get(line.id, 0) if row.holds_stock else 0,
            shipped=line.shipped,
            returned=line.returned,
            invoiced=line.invoiced,
        )
        for line in row.lines
    ]
    return OrderProgress(order_id=row.id, state=row.present, lines=lines)


@router.post("/{order_id}/shipments", status_code=201)
async def ship_order(
    order_id: UUID, session: Session, caller: Writer, response: Response, body: ShipmentBody | None = None
) -> ShipmentOut:
    """Ship lines, or parts of lines; without `lines` everything that is reserved."""
    row = await commands.ship(session, order_id, body or ShipmentBody(), caller.subject)
    response.headers["Location"] = f"{SHIPMENTS.path}/{row.id}"
    return await answered(session, SHIPMENTS, row, response)


@router.post("/{order_id}/returns", status_code=201)
async def return_order(
    order_id: UUID, body: ReturnBody, session: Session, caller: Writer, response: Response
) -> ShipmentOut:
    """Register a return of shipped goods; they are on hand again."""
    row = await commands.take_back(session, order_id, body, caller.subject)
    response.headers["Location"] = f"{SHIPMENTS.path}/{row.id}"
    return await answered(session, SHIPMENTS, row, response)


@batches.post(":batch")
async def ship_orders(body: ShipmentBatch, session: Session, caller: Writer) -> ShipmentResults:
    """Ship up to 200 orders; each item succeeds or fails alone, and has its own result."""

    async def shipped(item: ShipmentItem) -> ShipmentResult:
        row = await commands.ship(session, item.order_id, item, caller.subject)
        order = await reads.by_id(session, ORDERS, item.order_id, lock=True)
        return ShipmentResult(
            outcome="shipped", order_id=item.order_id, id=row.id, number=row.number, state=order.present
        )

    async def prepare() -> None:
        await commands.lock_all(session, {item.order_id for item in body.items})

    found = zip(body.items, await gather.apart(session, body.items, shipped, prepare), strict=True)
    return ShipmentResults(
        items=[_not_shipped(item, each) if isinstance(each, Problem) else each for item, each in found]
    )


def _not_shipped(item: ShipmentItem, problem: Problem) -> ShipmentResult:
    return ShipmentResult(outcome="refused", order_id=item.order_id, problem=problem.document())
