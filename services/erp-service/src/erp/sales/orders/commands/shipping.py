"""Shipments to the customer, and returns."""

from collections.abc import Collection, Mapping
from datetime import date
from decimal import Decimal
from uuid import UUID

import numbering
from chassis import clock, gather, replication
from chassis.db import uuid7
from chassis.errors import Conflict, about_one_of
from chassis.replication import edit
from contracts.order import ShipmentKind
from lines.pricing import NoSuchLine
from records import reads
from sqlalchemy.ext.asyncio import AsyncSession

from erp.ledger.rules import Source
from erp.sales.orders.events import ORDER, SHIPMENT
from erp.sales.orders.models import Order, Shipment, ShipmentLine
from erp.sales.orders.records import ORDERS
from erp.sales.orders.rules import RETURN_NUMBERS, SHIPMENT_NUMBERS, Action, require
from erp.sales.orders.schemas import ReturnBody, ShipmentBody
from erp.warehouse.stock import commands as inventory
from erp.warehouse.stock import queries as stock
from erp.warehouse.stock.rules import Want


class NothingReserved(Conflict):
    code = "nothing-reserved"
    title = "Nothing is reserved for this order"
    detail = "All of its remaining quantities wait for receipts of goods."
    hint = "Receive the goods; a receipt fills back orders."


async def lock_all(session: AsyncSession, order_ids: Collection[UUID]) -> None:
    """Lock orders and their reserved stock, before the first of several is shipped.

    Locked order by order, two transactions could deadlock.
    """
    rows = await reads.lock_all(session, ORDERS, order_ids)
    demands = await stock.demands(session, [line.id for row in rows for line in row.lines])
    await inventory.lock(session, [each.product_id for line in demands.values() for each in line if each.stocked])
    await stock.keep_demands(session, [line.id for row in rows for line in row.lines])


async def ship(session: AsyncSession, order_id: UUID, body: ShipmentBody, actor: str) -> Shipment:
    """Ship quantities of lines, or everything that is reserved; the goods are issued at their value.

    Raises `IllegalTransition`, `NoSuchLine`, `MoreThanOrdered`, `NothingReserved`, and the errors of inventory when the
    goods are not reserved.
    """
    row = await reads.by_id(session, ORDERS, order_id, lock=True)
    require(row.present, Action.SHIP)
    quantities = body.quantities or await _reserved(session, row)
    asked = body.quantities
    with about_one_of("lines", asked), inventory.short_of(asked), edit(session, ORDER, row, actor):
        shipment = _document(row, ShipmentKind.SHIPMENT, quantities, body.shipped_on)
        shipment.carrier, shipment.tracking = body.carrier, body.tracking
        row.ship(quantities)
        await inventory.issue(
            session,
            _wants(row, quantities),
            on=shipment.shipped_on,
            source=Source("shipment", shipment.id),
            actor=actor,
            warehouse_id=body.warehouse_id,
        )
    shipment.number = await numbering.take(session, SHIPMENT_NUMBERS, shipment.shipped_on)
    replication.created(session, SHIPMENT, shipment, actor)
    await gather.flush(session)
    return shipment


async def take_back(session: AsyncSession, order_id: UUID, body: ReturnBody, actor: str) -> Shipment:
    """Register a return: the goods are on hand again. The order's state does not change; invoicing credits the return.

    Raises `IllegalTransition`, `NoSuchLine`, `MoreThanShipped`.
    """
    row = await reads.by_id(session, ORDERS, order_id, lock=True)
    require(row.present, Action.RETURN)
    with about_one_of("lines", body.quantities), edit(session, ORDER, row, actor):
        document = _document(row, ShipmentKind.RETURN, body.quantities, body.returned_on)
        document.carrier = document.tracking = None
        row.take_back(body.quantities)
        await inventory.take_back(
            session,
            _wants(row, body.quantities),
            on=document.shipped_on,
            source=Source("return", document.id),
            actor=actor,
            warehouse_id=body.warehouse_id,
        )
    document.number = await numbering.take(session, RETURN_NUMBERS, document.shipped_on)
    replication.created(session, SHIPMENT, document, actor)
    await session.flush()
    return document


async def _reserved(session: AsyncSession, row: Order) -> dict[UUID, Decimal]:
    found = await stock.reserved(session, [line.id for line in row.lines if line.left])
    quantities = {line_id: quantity for line_id, quantity in found.items() if quantity}
    if not quantities:
        raise NothingReserved()
    return quantities


def _document(row: Order, kind: ShipmentKind, quantities: Mapping[UUID, Decimal], on: date | None) -> Shipment:
    if missing := next((line_id for line_id in quantities if row.line(line_id) is None), None):
        raise NoSuchLine(line=str(missing))
    lines = [
        ShipmentLine(line_id=line_id, quantity=quantity, invoiced=Decimal(0))
        for line_id, quantity in quantities.items()
    ]
    return Shipment(
        id=uuid7(),
        kind=kind.value,
        order_id=row.id,
        shipped_on=on or clock.today(),
        lines=sorted(lines, key=lambda line: line.line_id),
    )


def _wants(row: Order, quantities: Mapping[UUID, Decimal]) -> list[Want]:
    return [Want(line.id, line.product_id, quantities[line.id]) for line in row.lines if line.id in quantities]
