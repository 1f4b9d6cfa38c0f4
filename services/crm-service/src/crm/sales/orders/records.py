"""Declarations of orders and shipments."""

from contracts.normalise import name_key
from contracts.order import NEXT_STATES, OrderState
from records import READ_ONLY, Record, States, routes
from sqlalchemy import ColumnElement, and_, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from crm.catalogue.products.records import PRODUCTS
from crm.parties.customers.models import Customer
from crm.parties.customers.records import CUSTOMERS
from crm.sales.deals.records import DEALS
from crm.sales.orders import view
from crm.sales.orders.events import ORDER, SHIPMENT
from crm.sales.orders.models import Order, Shipment
from crm.sales.orders.rules import ALLOWED, Action
from crm.sales.orders.schemas import (
    LineView,
    NewOrder,
    OrderBody,
    OrderFilters,
    OrderLineBody,
    OrderListed,
    OrderOut,
    OrderView,
    ShipmentFilters,
    ShipmentOut,
)


async def _archivable(_session: AsyncSession, row: Order) -> None:
    row.allow(Action.ARCHIVE)


def _named(text: str) -> ColumnElement[bool]:
    """Orders whose number or customer's name contains each word."""
    found: list[ColumnElement[bool]] = []
    for word in text.split():
        customers = select(Customer.id).where(Customer.search.contains(name_key(word), autoescape=True))
        found.append(or_(Order.search.contains(word.casefold(), autoescape=True), Order.customer_id.in_(customers)))
    return and_(true(), *found)


ORDERS = Record(
    "order",
    row=Order,
    body=OrderBody,
    new=NewOrder,
    out=OrderView,
    bare=OrderOut,
    listed=OrderListed,
    shown=view.of_orders,
    filters=OrderFilters,
    sort=("ordered_on", "required_on", "sales_number", "number", "total", "created_at", "updated_at"),
    order="-ordered_on",
    kind=ORDER,
    expands={"customer_id": CUSTOMERS, "deal_id": DEALS, "lines.product_id": PRODUCTS},
    allows=States(ALLOWED, lambda row: OrderState(row.state), NEXT_STATES),
    actions={Action.SUBMIT: (), Action.CANCEL: (), Action.REQUEST: ()},
    loads=(selectinload(Order.lines),),
    shown_only={"lines": {"__all__": LineView.model_fields.keys() - OrderLineBody.model_fields.keys()}},
    where={
        "q": _named,
        "ordered_from": lambda day: Order.ordered_on >= day,
        "ordered_until": lambda day: Order.ordered_on <= day,
    },
    before_archive=_archivable,
)
SHIPMENTS = Record(
    "shipment",
    scope="orders",
    tag="orders",
    row=Shipment,
    out=ShipmentOut,
    filters=ShipmentFilters,
    sort=("shipped_on", "number", "updated_at"),
    order="-shipped_on",
    verbs=READ_ONLY,
    kind=SHIPMENT,
    expands={"order_id": ORDERS},
    among=select(Shipment).where(Shipment.archived_at.is_(None)),
)
shipments = routes(
    SHIPMENTS,
    says={
        "list": "Shipments and returns, as delivered by the ERP, the newest first.",
        "read": "One shipment or return; only the ERP writes it.",
    },
)
