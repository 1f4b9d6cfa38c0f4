"""HTTP of orders and shipments."""

from typing import Annotated
from uuid import UUID

from chassis.auth import Principal, requires
from chassis.db import Session
from fastapi import Response
from records import ActionRouter, answered, routes

from crm.sales.orders import commands
from crm.sales.orders.records import ORDERS, shipments
from crm.sales.orders.schemas import CancelBody, OrderView, RequestBody

router = ActionRouter(ORDERS)
orders = routes(
    ORDERS,
    create=commands.enter,
    change=commands.change,
    with_roles=True,
    says={
        "create": "Enter an order as a draft; with `submit` it goes to the ERP at once.\n\n"
        "What a line leaves out is looked up: its price in the price lists, its tax rate where it is delivered.",
        "list": "Orders in pages, the newest first, without their lines.\n\n"
        "`sort` takes ordered_on, required_on, sales_number, number, total, created_at, updated_at; `-` descends.",
        "read": "One order as sales sees it: what was ordered, and what became of it in the ERP. "
        "With the `ETag` to change it.",
        "change": "Change the fields of a draft that are named; the others stay. "
        "`lines` is the whole list, each by its `id`.",
        "archive": "Archive a draft or a cancelled order, in all systems. Nothing is erased; `restore` brings it back.",
        "batch": "Enter orders and change drafts, up to 200; "
        "each item stands or falls alone, and has a result of its own.",
    },
)
routers = (orders, router, shipments)
Writer = Annotated[Principal, requires("orders:write")]


@router.post("/{order_id}/submit")
async def submit_order(order_id: UUID, session: Session, caller: Writer, response: Response) -> OrderView:
    """Hand a draft to the ERP. From here on the ERP decides on it; its state and reason are shown here."""
    row = await commands.submit(session, order_id, caller.subject)
    return await answered(session, ORDERS, row, response)


@router.post("/{order_id}/cancel")
async def cancel_order(
    order_id: UUID, body: CancelBody, session: Session, caller: Writer, response: Response
) -> OrderView:
    """Take back an order that the ERP has not decided on. Later, ask the ERP to: POST to `requests`."""
    row = await commands.cancel(session, order_id, body.reason, caller.subject)
    return await answered(session, ORDERS, row, response)


@router.post("/{order_id}/requests", status_code=201)
async def request_order_change(
    order_id: UUID, body: RequestBody, session: Session, caller: Writer, response: Response
) -> OrderView:
    """Ask the ERP to cancel the order, or to change quantities, one thing at a time; `answer` says what came of it."""
    row = await commands.ask(session, order_id, body, caller.subject)
    return await answered(session, ORDERS, row, response)
