"""HTTP of orders and shipments."""

from typing import Annotated
from uuid import UUID

from chassis import batch, gather
from chassis.auth import Principal, requires
from chassis.batch import Batch, BatchResult
from chassis.db import Session
from chassis.errors import Problem
from chassis.pages import Page, Paging
from chassis.patch import JsonPatch, parsed
from chassis.preconditions import IdempotentRoute, Seen, SeenVersion
from chassis.replication import creating
from contracts.order import OrderReason, OrderState
from discounts.routes import limits_router
from fastapi import APIRouter, Query, Response

from erp.sales.orders import commands, queries
from erp.sales.orders.events import ORDER
from erp.sales.orders.models import OrderSetting
from erp.sales.orders.schemas import (
    CancelBody,
    HoldBody,
    LineProgress,
    OrderBody,
    OrderFilters,
    OrderOut,
    OrderProgress,
    ReturnBody,
    ShipmentBatch,
    ShipmentBody,
    ShipmentFilters,
    ShipmentItem,
    ShipmentOut,
    ShipmentResult,
    ShipmentResults,
)
from erp.warehouse.stock import queries as stock

router = APIRouter(prefix="/v1/orders", tags=["orders"], route_class=IdempotentRoute)
shipments = APIRouter(prefix="/v1/shipments", tags=["shipments"], route_class=IdempotentRoute)
batches = APIRouter(tags=["orders"], route_class=IdempotentRoute)
limits = limits_router(OrderSetting, "orders", "prices:read", ("prices:write",))
READ = requires("orders:read")
Writer = Annotated[Principal, requires("orders:write")]
HOLD = "orders:hold"
Holder = Annotated[Principal, requires("orders:write", HOLD)]


@router.post("", status_code=201)
async def create_order(body: OrderBody, session: Session, caller: Writer, response: Response) -> OrderOut:
    """Enter a draft. Prices and tax rates that a line does not say are those that are declared.

    Your role limits the discounts, against what the price lists say.
    """
    row = await commands.create(session, body, caller.subject, caller.roles)
    response.headers["Location"] = f"{router.prefix}/{row.id}"
    return OrderOut.of(row).tag(response)


@router.get("", dependencies=[READ])
async def list_orders(session: Session, paging: Paging, filters: Annotated[OrderFilters, Query()]) -> Page[OrderOut]:
    """Orders in pages, the latest first unless `sort` says otherwise (ordered_on, number, created_at, updated_at)."""
    return await paging.page(session, queries.search(filters), queries.ORDERS, lambda row: OrderOut.of(row[0]))


@router.get("/{order_id}", dependencies=[READ])
async def read_order(order_id: UUID, session: Session, response: Response) -> OrderOut:
    """One order with its lines, with the `ETag` to change it."""
    return OrderOut.of(await queries.by_id(session, order_id)).tag(response)


@router.patch("/{order_id}")
async def change_order(
    order_id: UUID, patch: JsonPatch[OrderBody], session: Session, caller: Writer, seen: SeenVersion, response: Response
) -> OrderOut:
    """Change a draft: the fields named, all others stay. `lines` is the whole list; those with an `id` are kept."""
    row = await commands.change(session, order_id, patch, caller.subject, _seen(seen), caller.roles)
    return OrderOut.of(row).tag(response)


@router.delete("/{order_id}")
async def archive_order(
    order_id: UUID, session: Session, caller: Writer, seen: SeenVersion, response: Response
) -> OrderOut:
    """Take a draft or a cancelled order out of use, in all systems; nothing is lost."""
    row = await commands.archive(session, order_id, caller.subject, _seen(seen))
    return OrderOut.of(row).tag(response)


@router.post("/{order_id}/restore")
async def restore_order(order_id: UUID, session: Session, caller: Writer, response: Response) -> OrderOut:
    """Take an archived order into use again."""
    return OrderOut.of(await commands.restore(session, order_id, caller.subject)).tag(response)


@router.post("/{order_id}/submit")
async def submit_order(order_id: UUID, session: Session, caller: Writer, response: Response) -> OrderOut:
    """Hand a draft in; it is decided on a moment later."""
    return OrderOut.of(await commands.submit(session, order_id, caller.subject)).tag(response)


@router.post("/{order_id}/confirm")
async def confirm_order(order_id: UUID, session: Session, caller: Writer, response: Response) -> OrderOut:
    """Confirm an order now, when credit and stock allow it. An order on hold takes the scope orders:hold too."""
    if (await queries.for_update(session, order_id)).present == OrderState.ON_HOLD:
        caller.require(HOLD)
    return OrderOut.of(await commands.confirm(session, order_id, caller.subject)).tag(response)


@router.post("/{order_id}/hold")
async def hold_order(order_id: UUID, body: HoldBody, session: Session, caller: Holder, response: Response) -> OrderOut:
    """Let an order wait, for a reason."""
    reason = OrderReason(code="held", text=body.reason)
    return OrderOut.of(await commands.hold(session, order_id, reason, caller.subject)).tag(response)


@router.post("/{order_id}/resume")
async def resume_order(order_id: UUID, session: Session, caller: Holder, response: Response) -> OrderOut:
    """Look again at an order on hold: it is confirmed when nothing stands in the way any more."""
    return OrderOut.of(await commands.resume(session, order_id, caller.subject)).tag(response)


@router.post("/{order_id}/cancel")
async def cancel_order(
    order_id: UUID, session: Session, caller: Writer, response: Response, body: CancelBody | None = None
) -> OrderOut:
    """Cancel an order of which nothing was shipped; what was reserved is free again."""
    reason = body.reason if body else None
    return OrderOut.of(await commands.cancel(session, order_id, reason, caller.subject)).tag(response)


@router.get("/{order_id}/progress", dependencies=[READ])
async def read_progress(order_id: UUID, session: Session) -> OrderProgress:
    """How far each line is: ordered, reserved, back-ordered, shipped, returned, invoiced."""
    row = await queries.by_id(session, order_id)
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
    """Send out lines, or parts of lines; without `lines` all that is reserved."""
    row = await commands.ship(session, order_id, body or ShipmentBody(), caller.subject)
    response.headers["Location"] = f"{shipments.prefix}/{row.id}"
    return ShipmentOut.of(row).tag(response)


@router.post("/{order_id}/returns", status_code=201)
async def return_order(
    order_id: UUID, body: ReturnBody, session: Session, caller: Writer, response: Response
) -> ShipmentOut:
    """Take back what was shipped; it lies in the warehouse again."""
    row = await commands.take_back(session, order_id, body, caller.subject)
    response.headers["Location"] = f"{shipments.prefix}/{row.id}"
    return ShipmentOut.of(row).tag(response)


@shipments.get("", dependencies=[READ])
async def list_shipments(
    session: Session, paging: Paging, filters: Annotated[ShipmentFilters, Query()]
) -> Page[ShipmentOut]:
    """Shipments and returns in pages, the latest first."""
    statement = queries.search_shipments(filters)
    return await paging.page(session, statement, queries.SHIPMENTS, lambda row: ShipmentOut.of(row[0]))


@shipments.get("/{shipment_id}", dependencies=[READ])
async def read_shipment(shipment_id: UUID, session: Session, response: Response) -> ShipmentOut:
    """One shipment or return with its lines."""
    return ShipmentOut.of(await queries.shipment_by_id(session, shipment_id)).tag(response)


@batches.post("/v1/orders:batch")
async def write_orders(body: Batch[OrderBody, OrderBody], session: Session, caller: Writer) -> BatchResult:
    """Create and change up to 200 drafts; each item stands or falls alone, and has a result of its own."""
    await creating(session, ORDER)
    await queries.orders_for_update(session, body.ids)
    return await batch.write(
        session,
        body.items,
        lambda fields: commands.create(session, parsed(OrderBody, fields), caller.subject, caller.roles),
        lambda order_id, patch, seen: commands.change(
            session, order_id, patch, caller.subject, _seen(seen), caller.roles
        ),
    )


@batches.post("/v1/shipments:batch")
async def ship_orders(body: ShipmentBatch, session: Session, caller: Writer) -> ShipmentResults:
    """Ship up to 200 orders; each item stands or falls alone, and has a result of its own."""

    async def shipped(item: ShipmentItem) -> ShipmentResult:
        row = await commands.ship(session, item.order_id, item, caller.subject)
        order = await queries.for_update(session, item.order_id)
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


def _seen(seen: Seen) -> commands.Check:
    return lambda row: seen.check(row.version, OrderOut.of(row))
