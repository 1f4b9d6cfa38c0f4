"""Named reads of invoices, and of the deliveries that they bill."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import NamedTuple
from uuid import UUID

from chassis import gather
from chassis.errors import NotFound
from contracts.charge import BilledCharge
from contracts.order import ShipmentKind
from records import reads
from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from erp.finance.invoicing.models import CreditNote, DunningPolicy, Invoice, InvoiceLine
from erp.sales.orders.models import Order, Shipment, ShipmentLine
from erp.sales.orders.records import SHIPMENTS

OPEN = Invoice.settled < Invoice.total


class Delivery(NamedTuple):
    """A shipment or a return, and its order; `reference` is the customer's reference of the order."""

    order: str | None
    reference: str | None
    number: str
    on: date


async def for_update(session: AsyncSession, invoice_ids: Collection[UUID]) -> Sequence[Invoice]:
    """Invoices with their lines, locked until the transaction ends. Raises `NotFound` when one does not exist."""
    found = await _locked(session, Invoice.id.in_(invoice_ids))
    if missing := set(invoice_ids) - {invoice.id for invoice in found}:
        raise NotFound(id=min(missing))
    return found


async def credited_charges(session: AsyncSession, invoice_id: UUID) -> list[BilledCharge]:
    """The charges of an invoice that credit notes have taken back."""
    found = await session.scalars(select(CreditNote.charges).where(CreditNote.invoice_id == invoice_id))
    return [BilledCharge.model_validate(each) for charges in found for each in charges]


async def open_items(session: AsyncSession, customer_id: UUID, currency: str) -> Sequence[Invoice]:
    """The open invoices of a customer in one currency: locked, by due date."""
    known = gather.kept(session, "invoices of a customer", [customer_id])
    if known is not None:
        return [invoice for invoice in known[customer_id] if invoice.currency == currency and invoice.open]
    return await _locked(session, OPEN, Invoice.customer_id == customer_id, Invoice.currency == currency)


async def keep_open_items(session: AsyncSession, customer_ids: Collection[UUID]) -> list[Invoice]:
    """Lock and read the open invoices of customers once for gathered items that settle them; returns them."""
    found: dict[UUID, list[Invoice]] = {customer_id: [] for customer_id in customer_ids}
    for invoice in await _locked(session, OPEN, Invoice.customer_id.in_(customer_ids)):
        found[invoice.customer_id].append(invoice)
    gather.keep(session, "invoices of a customer", found.items())
    return [invoice for invoices in found.values() for invoice in invoices]


async def by_numbers(session: AsyncSession, numbers: Collection[str]) -> Sequence[Invoice]:
    """Invoices by their numbers, settled ones included, locked; unknown numbers are omitted."""
    return await _locked(session, Invoice.number.in_(numbers))


async def overdue(session: AsyncSession, on: date, below_level: int) -> Sequence[Invoice]:
    """Open invoices that were due before `on` and have a lower dunning level, locked."""
    return await _locked(session, OPEN, Invoice.due_on < on, Invoice.dunning_level < below_level)


async def dunned(session: AsyncSession, customer_id: UUID, currency: str) -> Sequence[Invoice]:
    """Open invoices with a dunning level; by due date."""
    reminded = (OPEN, Invoice.dunning_level > 0, Invoice.customer_id == customer_id, Invoice.currency == currency)
    return (await session.scalars(_invoices().where(*reminded).order_by(Invoice.due_on, Invoice.number))).all()


async def rows(session: AsyncSession, ids: Sequence[UUID], canonical_ids: Sequence[UUID]) -> Sequence[Invoice]:
    """Invoices by local or shared id, locked in the common order of invoices."""
    return await _locked(session, or_(Invoice.id.in_(ids), Invoice.canonical_id.in_(canonical_ids)))


async def billing(session: AsyncSession, order_line_ids: Collection[UUID]) -> set[UUID]:
    """The invoices that bill these lines of orders."""
    return set(
        await session.scalars(select(InvoiceLine.invoice_id).where(InvoiceLine.order_line_id.in_(order_line_ids)))
    )


async def orders_of(session: AsyncSession, shipment_ids: Collection[UUID]) -> set[UUID]:
    """The orders of shipments and returns, which must be locked before them."""
    return set(await session.scalars(select(Shipment.order_id).where(Shipment.id.in_(shipment_ids))))


async def order_lines_of(session: AsyncSession, shipment_ids: Collection[UUID]) -> set[UUID]:
    """The order lines in these shipments and returns."""
    return set(await session.scalars(select(ShipmentLine.line_id).where(ShipmentLine.shipment_id.in_(shipment_ids))))


async def shipments_of(session: AsyncSession, order_id: UUID) -> set[UUID]:
    """The shipments of an order, without returns; read while the order is locked."""
    known = gather.kept(session, "shipments of an order", [order_id])
    return known[order_id] if known else (await _shipments_of(session, [order_id]))[order_id]


async def keep_shipments(session: AsyncSession, order_ids: Collection[UUID]) -> None:
    """Lock and read the shipments of orders once for gathered items that invoice them; the caller has locked the
    orders."""
    found = await _shipments_of(session, order_ids)
    gather.keep(session, "shipments of an order", found.items())
    await reads.lock_all(session, SHIPMENTS, {each for shipments in found.values() for each in shipments})


async def _shipments_of(session: AsyncSession, order_ids: Collection[UUID]) -> dict[UUID, set[UUID]]:
    outward = (Shipment.order_id.in_(order_ids), Shipment.kind == ShipmentKind.SHIPMENT)
    found: dict[UUID, set[UUID]] = {order_id: set() for order_id in order_ids}
    for order_id, shipment_id in await session.execute(select(Shipment.order_id, Shipment.id).where(*outward)):
        found[order_id].add(shipment_id)
    return found


async def deliveries(session: AsyncSession, shipment_ids: Collection[UUID]) -> dict[UUID, Delivery]:
    """The origin of a document's lines, for printing, by shipment or return."""
    columns = (Shipment.id, Order.number, Order.reference, Shipment.number, Shipment.shipped_on)
    statement = select(*columns).join(Order, Order.id == Shipment.order_id).where(Shipment.id.in_(shipment_ids))
    found = await session.execute(statement)
    return {row[0]: Delivery(row[1], row[2], row[3], row[4]) for row in found}


async def orders_with_open_invoices(session: AsyncSession, order_ids: Collection[UUID]) -> set[UUID]:
    """Which of these orders have an unsettled invoice."""
    statement = select(InvoiceLine.order_id).join(Invoice, Invoice.id == InvoiceLine.invoice_id)
    return set(await session.scalars(statement.where(OPEN, InvoiceLine.order_id.in_(order_ids)).distinct()))


async def dunning_policy(session: AsyncSession, *, lock: bool = False) -> DunningPolicy:
    """The company's dunning levels; the defaults if it has declared none."""
    statement = select(DunningPolicy)
    found = await session.scalar(statement.with_for_update() if lock else statement)
    return found or DunningPolicy.default()


def _invoices() -> Select[Invoice]:
    return select(Invoice).options(selectinload(Invoice.lines))


async def _locked(session: AsyncSession, *where: ColumnElement[bool]) -> Sequence[Invoice]:
    """Invoices are always locked by due date and number, so that two transactions cannot deadlock."""
    statement = _invoices().where(*where).order_by(Invoice.due_on, Invoice.number)
    return (await session.scalars(statement.with_for_update().execution_options(populate_existing=True))).all()
