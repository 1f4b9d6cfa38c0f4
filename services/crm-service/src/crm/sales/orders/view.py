"""The order with its shipments and invoices from the ERP."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from decimal import Decimal
from uuid import UUID

from contracts.money import rounded
from sqlalchemy.ext.asyncio import AsyncSession

from crm.receivables import queries as receivables
from crm.receivables.models import Invoice
from crm.receivables.queries import Billed, Credited
from crm.sales.orders import queries
from crm.sales.orders.models import Order, Shipment
from crm.sales.orders.rules import payment_status
from crm.sales.orders.schemas import InvoiceListed, OrderView, PaymentView, ShipmentOut, line_out


async def of_orders(session: AsyncSession, rows: Sequence[Order]) -> list[OrderView]:
    """The views of orders that are loaded with their lines.

    Nothing is read for an order that is entered in this transaction: no shipment or invoice can refer to it.
    """
    delivered = [row for row in rows if not row.entered_now]
    order_of = {line.id: row.id for row in delivered for line in row.lines}
    shipments, billed, credited = defaultdict(list), defaultdict(list), defaultdict(list)
    for shipment in await queries.shipments_of(session, [row.id for row in delivered]) if delivered else ():
        shipments[shipment.order_id].append(shipment)
    for bill in await receivables.billed(session, order_of) if order_of else ():
        billed[order_of[bill.order_line_id]].append(bill)
    for credit in await receivables.credited(session, order_of) if order_of else ():
        credited[order_of[credit.order_line_id]].append(credit)
    return [_view(row, shipments[row.id], billed[row.id], credited[row.id]) for row in rows]


def _view(
    row: Order, shipments: Iterable[Shipment], billed: Iterable[Billed], credited: Iterable[Credited]
) -> OrderView:
    progress = _progress([line.id for line in row.lines], shipments, billed, credited)
    lines = [{**line_out(line, row.currency).model_dump(), **progress[line.id]} for line in row.lines]
    invoices = {each.invoice.id: each.invoice for each in billed}
    left = [ShipmentOut.of(each) for each in shipments]
    return OrderView.of(row, lines=lines, shipments=left, payment=_payment(row, invoices.values()))


def _progress(
    line_ids: Collection[UUID], shipments: Iterable[Shipment], billed: Iterable[Billed], credited: Iterable[Credited]
) -> dict[UUID, dict[str, Decimal]]:
    """Per line the shipped quantity, its returned part, and the invoiced quantity less credits."""
    found = {line_id: dict.fromkeys(("shipped", "returned", "invoiced"), Decimal(0)) for line_id in line_ids}
    for shipment in shipments:
        for line_id in line_ids:
            found[line_id]["returned" if shipment.is_return else "shipped"] += shipment.quantity_of(line_id)
    for each in billed:
        found[each.order_line_id]["invoiced"] += each.quantity
    for credit in credited:
        found[credit.order_line_id]["invoiced"] -= credit.quantity
    return found


def _payment(row: Order, invoices: Collection[Invoice]) -> PaymentView:
    """The payment status of the invoices that bill the order's lines."""
    listed = [
        InvoiceListed(
            id=each.id,
            number=each.number,
            issued_on=each.issued_on,
            due_on=each.due_on,
            total=rounded(each.total, each.currency),
            open=rounded(each.open, each.currency),
        )
        for each in invoices
    ]
    nothing = rounded(Decimal(0), row.currency)
    return PaymentView(
        status=payment_status((each.total, each.open) for each in listed),
        invoiced=sum((each.total for each in listed), nothing),
        open=sum((each.open for each in listed), nothing),
        invoices=listed,
    )
