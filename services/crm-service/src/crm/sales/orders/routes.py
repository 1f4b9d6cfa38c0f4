"""HTTP of orders and shipments."""

from typing import Annotated
from uuid import UUID

from chassis import batch
from chassis.auth import Principal, requires
from chassis.batch import Batch, BatchResult
from chassis.db import Session
from chassis.pages import Page, Paging
from chassis.patch import JsonPatch, parsed
from chassis.preconditions import IdempotentRoute, Seen, SeenVersion
from chassis.replication import creating
from fastapi import APIRouter, Query, Response

from crm.sales.orders import commands, queries
from crm.sales.orders.events import ORDER
from crm.sales.orders.schemas import (
    CancelBody,
    NewOrder,
    OrderBody,
    OrderFilters,
    OrderListed,
    OrderOut,
    OrderView,
    RequestBody,
    ShipmentFilters,
    ShipmentOut,
)
from crm.sales.orders.view import new, view

router = APIRouter(prefix="/v1/orders", tags=["orders"], route_class=IdempotentRoute)
shipments = APIRouter(prefix="/v1/shipments", tags=["orders"])
batches = APIRouter(tags=["orders"], route_class=IdempotentRoute)
READ = requires("orders:read")
Writer = Annotated[Principal, requires("orders:write")]


@router.post("", status_code=201)
async def create_order(body: NewOrder, session: Session, caller: Writer, response: Response) -> OrderView:
    """Enter an order as a draft; with `submit` it goes to the ERP at once.

    What a line leaves out is looked up: its price in the price lists, its tax rate where it is delivered.
    """
    row = await commands.enter(session, body, caller.subject, caller.roles)
    response.headers["Location"] = f"{router.prefix}/{row.id}"
    return new(row).tag(response)


@router.get("", dependencies=[READ])
async def list_orders(session: Session, paging: Paging, filters: Annotated[OrderFilters, Query()]) -> Page[OrderListed]:
    """Orders in pages, the newest first, without their lines.

    `sort` takes ordered_on, required_on, sales_number, number, total, created_at, updated_at; `-` descends.
    """
    return await paging.page(session, queries.search(filters), queries.ORDERS, lambda row: OrderListed.of(row[0]))


@router.get("/{order_id}", dependencies=[READ])
async def read_order(order_id: UUID, session: Session, response: Response) -> OrderView:
    """One order as sales sees it: what was ordered, and what became of it in the ERP. With the `ETag` to change it."""
    return (await view(session, await queries.by_id(session, order_id))).tag(response)


@router.patch("/{order_id}")
async def change_order(
    order_id: UUID, patch: JsonPatch[OrderBody], session: Session, caller: Writer, seen: SeenVersion, response: Response
) -> OrderView:
    """Change the fields of a draft that are named; the others stay. `lines` is the whole list, each by its `id`."""
    row = await commands.change(session, order_id, patch, caller.subject, _seen(seen), caller.roles)
    return (await view(session, row)).tag(response)


@router.delete("/{order_id}")
async def archive_order(
    order_id: UUID, session: Session, caller: Writer, seen: SeenVersion, response: Response
) -> OrderView:
    """Archive a draft or a cancelled order, in all systems. Nothing is erased; `restore` brings it back."""
    row = await commands.archive(session, order_id, caller.subject, _seen(seen))
    return (await view(session, row)).tag(response)


@router.post("/{order_id}/restore")
async def restore_order(order_id: UUID, session: Session, caller: Writer, response: Response) -> OrderView:
    """Take an archived order into use again."""
    row = await commands.restore(session, order_id, caller.subject)
    return (await view(session, row)).tag(response)


@router.post("/{order_id}/submit")
async def submit_order(order_id: UUID, session: Session, caller: Writer, response: Response) -> OrderView:
    """Hand a draft to the ERP. From here on the ERP decides on it; its state and reason are shown here."""
    row = await commands.submit(session, order_id, caller.subject)
    return (await view(session, row)).tag(response)


@router.post("/{order_id}/cancel")
async def cancel_order(
    order_id: UUID, body: CancelBody, session: Session, caller: Writer, response: Response
) -> OrderView:
    """Take back an order that the ERP has not decided on. Later, ask the ERP to: POST to `requests`."""
    row = await commands.cancel(session, order_id, body.reason, caller.subject)
    return (await view(session, row)).tag(response)


@router.post("/{order_id}/requests", status_code=201)
async def request_order_change(
    order_id: UUID, body: RequestBody, session: Session, caller: Writer, response: Response
) -> OrderView:
    """Ask the ERP to cancel the order, or to change quantities, one thing at a time; `answer` says what came of it."""
    row = await commands.ask(session, order_id, body, caller.subject)
    return (await view(session, row)).tag(response)


@batches.post("/v1/orders:batch")
async def write_orders(body: Batch[NewOrder, OrderBody], session: Session, caller: Writer) -> BatchResult:
    """Enter orders and change drafts, up to 200; each item stands or falls alone, and has a result of its own."""
    await creating(session, ORDER)
    await queries.rows(session, body.ids, [])
    return await batch.write(
        session,
        body.items,
        lambda fields: commands.enter(session, parsed(NewOrder, fields), caller.subject, caller.roles),
        lambda order_id, patch, seen: commands.change(
            session, order_id, patch, caller.subject, _seen(seen), caller.roles
        ),
    )


@shipments.get("", dependencies=[READ])
async def list_shipments(
    session: Session, paging: Paging, filters: Annotated[ShipmentFilters, Query()]
) -> Page[ShipmentOut]:
    """Shipments and returns, as the ERP told them, the newest first."""
    found = queries.shipments(filters)
    return await paging.page(session, found, queries.SHIPMENTS, lambda row: ShipmentOut.of(row[0]))


@shipments.get("/{shipment_id}", dependencies=[READ])
async def read_shipment(shipment_id: UUID, session: Session, response: Response) -> ShipmentOut:
    """One shipment or return; the ERP alone writes it."""
    return ShipmentOut.of(await queries.shipment(session, shipment_id)).tag(response)


def _seen(seen: Seen) -> commands.Check:
    return lambda row: seen.check(row.version, OrderOut.of(row))
