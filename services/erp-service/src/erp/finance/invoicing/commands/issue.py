"""Invoices of shipments."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

import numbering
from chassis import clock, gather, replication
from chassis.db import JsonObject
from chassis.errors import Conflict, NotFound, about_one_of
from contracts.charge import BilledCharge, ListedCharge
from contracts.money import line_net
from contracts.receivable import TaxAmount
from localisation import Phrase
from records import reads
from sqlalchemy.ext.asyncio import AsyncSession

from erp.catalogue.products.records import PRODUCTS
from erp.finance.invoicing import queries
from erp.finance.invoicing.commands.parties import parties
from erp.finance.invoicing.commands.settling import close_orders
from erp.finance.invoicing.events import INVOICE
from erp.finance.invoicing.models import Invoice, InvoiceLine
from erp.finance.invoicing.rules import INVOICE_NUMBERS, billable, due_on, invoice_totals, shared_out
from erp.finance.invoicing.schemas import InvoiceBody
from erp.ledger import commands as ledger
from erp.ledger import queries as ledger_queries
from erp.ledger.rules import Source
from erp.parties.customers.records import CUSTOMERS
from erp.sales.orders import commands as order_commands
from erp.sales.orders.models import Order, OrderLine, Shipment, ShipmentLine
from erp.sales.orders.records import ORDERS, SHIPMENTS

MOST_LINES = 1_000


class NothingToInvoice(Conflict):
    code = "nothing-to-invoice"
    title = "There is nothing left to invoice"
    detail = "Everything shipped for {what} and not returned is invoiced already."
    hint = "Ship first. A wrong invoice is corrected by a credit note; then the goods can be invoiced again."


class NotOneInvoice(Conflict):
    code = "not-one-invoice"
    title = "These shipments cannot be on one invoice"
    detail = "Their {differing} differ."
    hint = "Issue an invoice for each customer and currency."


class NotAShipment(Conflict):
    code = "not-a-shipment"
    title = "A return is not invoiced"
    detail = "{number} is a return."
    hint = "Credit returns of invoiced goods: POST /v1/credit-notes:returns."


class TooManyLines(Conflict):
    code = "too-many-lines"
    title = "An invoice has at most 1,000 lines"
    detail = "This one would have {lines}."
    hint = "Invoice fewer shipments at once."


class CompanyIncomplete(Conflict):
    code = "company-incomplete"
    title = "The company's data is incomplete"
    hint = "PUT /v1/company with `name`, `address`, `country` and `tax_id`; then issue it again."


ISSUER = ("name", "address", "tax_id")
"""The required data of the issuer of an invoice."""


@dataclass(frozen=True, slots=True)
class Part:
    """The billed quantity of an order line in one shipment."""

    shipment: Shipment
    shipped: ShipmentLine
    ordered: OrderLine
    quantity: Decimal


async def lock_all(session: AsyncSession, bodies: Sequence[InvoiceBody], _ids: Sequence[UUID]) -> None:
    """Lock the rows that several invoices need, in the common order of locks; missing ids are skipped."""
    wanted = [body.order_id for body in bodies if body.order_id is not None]
    named = [shipment_id for body in bodies for shipment_id in body.shipment_ids]
    order_ids = {*wanted, *await queries.orders_of(session, named)}
    found = await reads.lock_all(session, ORDERS, order_ids)
    customer_ids = {order.customer_id for order in found}
    for customer_id in sorted(customer_ids):
        await ledger_queries.receivable_lock(session, customer_id)
    await reads.by_ids(session, CUSTOMERS, customer_ids)
    await queries.keep_shipments(session, order_ids)
    await reads.by_ids(session, PRODUCTS, {line.product_id for order in found for line in order.lines})


async def issue(session: AsyncSession, body: InvoiceBody, actor: str) -> Invoice:
    """Bill shipments of one customer and currency, or all unbilled shipments of an order.

    Never more than was shipped and not returned. Lines have the price, discount and tax rate of the order. Raises
    `NotFound`, `NotAShipment`, `NotOneInvoice`, `NothingToInvoice`, `TooManyLines`, `OutOfBounds`, `CompanyIncomplete`,
    and the ledger's `PeriodClosed`.
    """
    on = body.issued_on or clock.today()
    with about_one_of("shipment_ids", body.shipment_ids or ()):
        billed_orders, shipments = await _locked(session, body)
        _refuse_mixed(billed_orders)
        parts = _parts(billed_orders, shipments, named=bool(body.shipment_ids))
    order = billed_orders[0]
    await ledger_queries.receivable_lock(session, order.customer_id)
    charges = {row.id: row.charges_to_bill for row in billed_orders if row.id in {p.ordered.order_id for p in parts}}
    invoice = await _invoice(session, order, parts, [each for found in charges.values() for each in found], on)
    await _mark(session, parts, charges, actor)
    invoice.number = await numbering.take(session, INVOICE_NUMBERS, on)
    replication.created(session, INVOICE, invoice, actor)
    await gather.flush(session)
    await ledger.post(
        session,
        "invoice",
        on=on,
        currency=invoice.currency,
        amounts={"net": invoice.net, "tax": invoice.tax},
        source=Source("invoice", invoice.id),
        actor=actor,
        party_id=invoice.customer_id,
        text=invoice.number,
    )
    if invoice.open == 0:
        await close_orders(session, {line.order_id for line in invoice.lines}, actor)
    return invoice


async def _locked(session: AsyncSession, body: InvoiceBody) -> tuple[Sequence[Order], Sequence[Shipment]]:
    """The orders and shipments, locked in this order, as in shipping."""
    if body.order_id is not None:
        found = await reads.lock_all(session, ORDERS, [body.order_id])
        if not found:
            raise NotFound(id=body.order_id)
        shipment_ids = await queries.shipments_of(session, body.order_id)
    else:
        shipment_ids = set(body.shipment_ids)
        order_ids = await queries.orders_of(session, shipment_ids)
        found = await reads.lock_all(session, ORDERS, order_ids)
    shipments = await reads.lock_all(session, SHIPMENTS, shipment_ids)
    if missing := shipment_ids - {shipment.id for shipment in shipments}:
        raise NotFound(id=min(missing))
    for shipment in shipments:
        if shipment.is_return:
            raise NotAShipment(number=shipment.number, id=shipment.id)
    return found, shipments


def _refuse_mixed(found: Sequence[Order]) -> None:
    if len({order.customer_id for order in found}) > 1:
        raise NotOneInvoice(differing="customers")
    if len({order.currency for order in found}) > 1:
        raise NotOneInvoice(differing="currencies")


def _parts(found: Sequence[Order], shipments: Sequence[Shipment], *, named: bool) -> list[Part]:
    """The unbilled parts of these shipments, in the order of the orders' lines; a given shipment must have one."""
    ordered = {line.id: line for order in found for line in order.lines}
    left = {line.id: billable(line.shipped, line.returned, line.invoiced) for line in ordered.values()}
    parts = []
    for shipment in sorted(shipments, key=lambda each: (each.shipped_on, each.number)):
        ours = []
        for shipped in shipment.lines:
            room = shipped.quantity - shipped.invoiced
            for _, quantity in shared_out(left[shipped.line_id], [(shipped.line_id, room)]):
                left[shipped.line_id] -= quantity
                ours.append(Part(shipment, shipped, ordered[shipped.line_id], quantity))
        if named and not ours:
            raise NothingToInvoice(what=shipment.number, id=shipment.id)
        parts += ours
    if not parts:
        raise NothingToInvoice(what=found[0].number)
    if len(parts) > MOST_LINES:
        raise TooManyLines(lines=len(parts))
    numbers = {order.id: order.number or "" for order in found}
    return sorted(parts, key=lambda part: (numbers[part.ordered.order_id], part.ordered.position))


async def _mark(
    session: AsyncSession, parts: Sequence[Part], charges: Mapping[UUID, Sequence[ListedCharge]], actor: str
) -> None:
    quantities: defaultdict[UUID, Decimal] = defaultdict(Decimal)
    for part in parts:
        part.shipped.invoiced += part.quantity
        quantities[part.ordered.id] += part.quantity
    await gather.flush(session)
    billed = {order_id: [each.id for each in found] for order_id, found in charges.items()}
    await order_commands.mark_invoiced(session, quantities, actor, charges=billed)


async def _invoice(
    session: AsyncSession, order: Order, parts: Sequence[Part], charges: Sequence[ListedCharge], on: date
) -> Invoice:
    customer, columns = await parties(session, order.customer_id, on)
    if missing := [name for name in ISSUER if not columns["issuer"][name]]:
        raise CompanyIncomplete(missing=missing, detail=Phrase("Missing: {missing}.", missing=", ".join(missing)))
    names = await _names(session, {part.ordered.product_id for part in parts})
    lines = [_line(position, part, names, order.currency) for position, part in enumerate(parts, start=1)]
    sums = invoice_totals([(line.net, line.tax_rate) for line in lines], order.currency, charges)
    return Invoice(
        **columns,
        customer_id=customer.id,
        issued_on=on,
        due_on=due_on(on, customer.payment_terms),
        terms=customer.payment_terms,
        currency=order.currency,
        net=sums.net,
        tax=sums.tax,
        total=sums.total,
        taxes=[TaxAmount(rate=t.rate, net=t.net, tax=t.tax).model_dump(mode="json") for t in sums.taxes],
        settled=Decimal(0),
        dunning_level=0,
        lines=lines,
        charges=[_charge(each) for each in charges],
    )


async def _names(session: AsyncSession, product_ids: Collection[UUID]) -> Mapping[UUID, str]:
    return {product_id: row.name for product_id, row in (await reads.by_ids(session, PRODUCTS, product_ids)).items()}


def _charge(charge: ListedCharge) -> JsonObject:
    """A charge of an order as an invoice has it."""
    return BilledCharge(order_charge=charge.id, **charge.model_dump(exclude={"id"})).model_dump(mode="json")


def _line(position: int, part: Part, names: Mapping[UUID, str], currency: str) -> InvoiceLine:
    ordered = part.ordered
    return InvoiceLine(
        position=position,
        order_line_id=ordered.id,
        order_id=ordered.order_id,
        shipment_id=part.shipment.id,
        description=ordered.description or names[ordered.product_id],
        quantity=part.quantity,
        unit_price=ordered.unit_price,
        discount=ordered.discount,
        tax_rate=ordered.tax_rate,
        net=line_net(part.quantity, ordered.unit_price, ordered.discount, currency),
        credited=Decimal(0),
    )
