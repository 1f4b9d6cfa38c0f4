"""HTTP of orders and shipments."""

from typing import Annotated
from uuid import UUID

from chassis.auth import Principal, requires
from chassis.db import Session
from chassis.preconditions import IdempotentRoute
from fastapi import APIRouter, Response
from records import answered, routes

from crm.sales.orders import commands
from crm.sales.orders.records import ORDERS, shipments
from crm.sales.orders.schemas import CancelBody, OrderView, RequestBody

router = APIRouter(prefix="/v1/orders", tags=["orders"], route_class=IdempotentRoute)
orders = routes(
    ORDERS,
    create=commands.enter,
    change=commands.change,
    with_roles=True,
    says={
        "create": (
            "Enter an order as a draft; with `submit` it is submitted to the ERP at once.\n\nOmitted prices are looked "
            "up in the price lists, omitted tax rates by the country of delivery."
        ),
        "list": (
            "Orders in pages, the newest first, without their lines.\n\n`sort` accepts ordered_on, required_on, "
            "sales_number, number, total, created_at, updated_at; `-` is descending."
        ),
        "read": "One order with its shipments, invoices and payments from the ERP. With the `ETag` to change it.",
        "change": (
            "Change the given fields of a draft; others are unchanged. `lines` is the whole list, each by its `id`."
        ),
        "archive": "Archive a draft or a cancelled order, in all systems. Nothing is deleted; `restore` restores it.",
        "batch": (
            "Enter orders and change drafts, up to 200; each item succeeds or fails alone, and has its own result."
        ),
    },
)
routers = (orders, router, shipments)
Writer = Annotated[Principal, requires("orders:write")]


@router.post("/{order_id}/submit")
async def submit_order(order_id: UUID, session: Session, caller: Writer, response: Response) -> OrderView:
    """Submit a draft to the ERP. From here on the ERP decides on it; its state and reason are shown here."""
    row = await commands.submit(session, order_id, caller.subject)
    return await answered(session, ORDERS, row, response)


@router.post("/{order_id}/cancel")
async def cancel_order(
    order_id: UUID, body: CancelBody, session: Session, caller: Writer, response: Response
) -> OrderView:
    """Cancel an order that the ERP has not decided on. Later, POST to `requests` to request it from the ERP."""
    row = await commands.cancel(session, order_id, body.reason, caller.subject)
    return await answered(session, ORDERS, row, response)


@router.post("/{order_id}/requests", status_code=201)
async def request_order_change(
    order_id: UUID, body: RequestBody, session: Session, caller: Writer, response: Response
) -> OrderView:
    """Request a cancellation or changed quantities from the ERP, one request at a time; `answer` is the result."""
    row = await commands.ask(session, order_id, body, caller.subject)
    return await answered(session, ORDERS, row, response)
