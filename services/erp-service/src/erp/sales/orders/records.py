"""Declarations of orders and shipments."""

from contracts.order import NEXT_STATES, OrderState
from records import READ_ONLY, Record, States, routes
from sqlalchemy import and_, exists, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from erp.catalogue.products.records import PRODUCTS
from erp.parties.customers.records import CUSTOMERS
from erp.sales.orders.events import ORDER, SHIPMENT
from erp.sales.orders.models import Order, OrderLine, Shipment, ShipmentLine
from erp.sales.orders.rules import ALLOWED, Action, require
from erp.sales.orders.schemas import (
    OrderBody,
    OrderFilters,
    OrderLineBody,
    OrderLineOut,
    OrderOut,
    ShipmentFilters,
    ShipmentOut,
)


async def _archivable(_session: AsyncSession, row: Order) -> None:
    require(row.present, Action.ARCHIVE)


HOLD = "orders:hold"
"""The scope for holding and resuming an order."""


def _to_confirm(row: Order) -> tuple[str, ...]:
    return (HOLD,) if row.present is OrderState.ON_HOLD else ()


ORDERS = Record(
    "order",
    row=Order,
    body=OrderBody,
    out=OrderOut,
    filters=OrderFilters,
    sort=("ordered_on", "number", "created_at", "updated_at"),
    order="-ordered_on",
    kind=ORDER,
    expands={"customer_id": CUSTOMERS, "lines.product_id": PRODUCTS},
    allows=States(ALLOWED, lambda row: row.present, NEXT_STATES),
    actions={
        Action.SUBMIT: (),
        Action.CONFIRM: _to_confirm,
        Action.HOLD: (HOLD,),
        Action.RESUME: (HOLD,),
        Action.CANCEL: (),
        Action.SHIP: (),
        Action.RETURN: (),
    },
    loads=(selectinload(Order.lines),),
    shown_only={"lines": {"__all__": OrderLineOut.model_fields.keys() - OrderLineBody.model_fields.keys()}},
    where={
        "product_id": lambda product_id: exists().where(
            OrderLine.order_id == Order.id, OrderLine.product_id == product_id
        ),
        "ordered_from": lambda day: Order.ordered_on >= day,
        "ordered_until": lambda day: Order.ordered_on <= day,
    },
    before_archive=_archivable,
)
TO_INVOICE = exists().where(
    and_(ShipmentLine.shipment_id == Shipment.id, ShipmentLine.invoiced < ShipmentLine.quantity)
)
SHIPMENTS = Record(
    "shipment",
    scope="orders",
    tag="shipments",
    row=Shipment,
    out=ShipmentOut,
    filters=ShipmentFilters,
    sort=("shipped_on", "number", "updated_at"),
    order="-shipped_on",
    verbs=READ_ONLY,
    kind=SHIPMENT,
    expands={"order_id": ORDERS},
    among=select(Shipment).where(Shipment.archived_at.is_(None)),
    loads=(selectinload(Shipment.lines),),
    where={
        "customer_id": lambda customer_id: exists().where(
            Order.id == Shipment.order_id, Order.customer_id == customer_id
        ),
        "shipped_from": lambda day: Shipment.shipped_on >= day,
        "shipped_until": lambda day: Shipment.shipped_on <= day,
        "to_invoice": lambda wanted: TO_INVOICE if wanted else ~TO_INVOICE,
    },
)
shipments = routes(
    SHIPMENTS,
    says={
        "list": "Shipments and returns in pages, the latest first.",
        "read": "One shipment or return with its lines.",
    },
)
