"""What stands in the timeline of a customer and of a deal, and the conditions on its rows."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, case, exists, func, select

from crm.activities.calendar.models import CalendarEvent
from crm.activities.calendar.records import CALENDAR_EVENTS
from crm.activities.interactions.models import Interaction
from crm.activities.interactions.records import INTERACTIONS
from crm.activities.tasks.models import Task
from crm.activities.tasks.records import TASKS
from crm.insight.timeline.queries import Source, on_day
from crm.insight.timeline.schemas import EntryType
from crm.receivables.models import CreditNote, Invoice, InvoiceLine, Payment
from crm.receivables.records import CREDIT_NOTES, INVOICES, PAYMENTS
from crm.sales.deals.models import Deal
from crm.sales.deals.records import DEALS
from crm.sales.leads.models import Lead
from crm.sales.leads.records import LEADS
from crm.sales.orders.models import Order, OrderLine, Shipment
from crm.sales.orders.records import ORDERS, SHIPMENTS
from crm.sales.quotes.models import Quote
from crm.sales.quotes.records import QUOTES

Which = Callable[[UUID], ColumnElement[bool]]

_order_name = func.coalesce(Order.number, Order.sales_number)
LEAD = Source(EntryType.LEAD, LEADS, Lead.created_at, Lead.name, Lead.state)
DEAL = Source(EntryType.DEAL, DEALS, Deal.created_at, Deal.name, Deal.state, Deal.amount, Deal.currency)
INTERACTION = Source(
    EntryType.INTERACTION, INTERACTIONS, Interaction.started_at, Interaction.subject, Interaction.channel
)
TASK = Source(EntryType.TASK, TASKS, Task.created_at, Task.subject, Task.state)
CALENDAR_EVENT = Source(
    EntryType.CALENDAR_EVENT, CALENDAR_EVENTS, CalendarEvent.begins_at, CalendarEvent.subject, CalendarEvent.state
)
QUOTE = Source(EntryType.QUOTE, QUOTES, Quote.created_at, Quote.number, Quote.state, Quote.total, Quote.currency)
ORDER = Source(
    EntryType.ORDER,
    ORDERS,
    on_day(Order.ordered_on, Order.created_at),
    _order_name,
    Order.state,
    Order.total,
    Order.currency,
)
SHIPMENT = Source(
    EntryType.SHIPMENT,
    SHIPMENTS,
    on_day(Shipment.shipped_on, Shipment.created_at),
    Shipment.number,
    Shipment.kind,
)
INVOICE = Source(
    EntryType.INVOICE,
    INVOICES,
    on_day(Invoice.issued_on, Invoice.created_at),
    Invoice.number,
    Invoice.state,
    Invoice.total,
    Invoice.currency,
)
CREDIT_NOTE = Source(
    EntryType.CREDIT_NOTE,
    CREDIT_NOTES,
    on_day(CreditNote.issued_on, CreditNote.created_at),
    CreditNote.number,
    amount=CreditNote.total,
    currency=CreditNote.currency,
)
PAYMENT = Source(
    EntryType.PAYMENT,
    PAYMENTS,
    on_day(Payment.received_on, Payment.created_at),
    Payment.reference,
    Payment.state,
    case((Payment.direction == "out", -Payment.amount), else_=Payment.amount),
    Payment.currency,
)


def _orders_of(deal_id: UUID) -> Select[Any]:
    return select(Quote.order_id).where(Quote.deal_id == deal_id)


def _invoices_of(deal_id: UUID) -> Select[Any]:
    ordered = select(OrderLine.id).where(OrderLine.order_id.in_(_orders_of(deal_id)))
    return select(InvoiceLine.invoice_id).where(InvoiceLine.order_line_id.in_(ordered))


def _settles_invoice_of(deal_id: UUID) -> ColumnElement[bool]:
    """Payments that the ERP has allocated to an invoice of the deal; an allocation names the invoice's number."""
    named = func.jsonb_build_array(func.jsonb_build_object("invoice", Invoice.number))
    settled = Invoice.id.in_(_invoices_of(deal_id)) & Payment.allocation["invoices"].contains(named)
    customer = select(Deal.customer_id).where(Deal.id == deal_id).scalar_subquery()
    return (Payment.customer_id == customer) & exists().where(settled)


def _concerns(deal_id: UUID) -> ColumnElement[bool]:
    return (CalendarEvent.deal_id == deal_id) | CalendarEvent.order_id.in_(_orders_of(deal_id))


CUSTOMER_PARTS: Mapping[Source, Which] = {
    LEAD: lambda customer_id: Lead.customer_id == customer_id,
    DEAL: lambda customer_id: Deal.customer_id == customer_id,
    INTERACTION: lambda customer_id: Interaction.customer_id == customer_id,
    TASK: lambda customer_id: Task.customer_id == customer_id,
    CALENDAR_EVENT: lambda customer_id: (CalendarEvent.customer_id == customer_id) & ~CalendarEvent.private,
    QUOTE: lambda customer_id: Quote.customer_id == customer_id,
    ORDER: lambda customer_id: Order.customer_id == customer_id,
    SHIPMENT: lambda customer_id: Shipment.order_id.in_(select(Order.id).where(Order.customer_id == customer_id)),
    INVOICE: lambda customer_id: Invoice.customer_id == customer_id,
    CREDIT_NOTE: lambda customer_id: CreditNote.customer_id == customer_id,
    PAYMENT: lambda customer_id: Payment.customer_id == customer_id,
}
DEAL_PARTS: Mapping[Source, Which] = {
    LEAD: lambda deal_id: Lead.deal_id == deal_id,
    INTERACTION: lambda deal_id: (Interaction.deal_id == deal_id) | Interaction.order_id.in_(_orders_of(deal_id)),
    TASK: lambda deal_id: (Task.deal_id == deal_id) | Task.order_id.in_(_orders_of(deal_id)),
    CALENDAR_EVENT: lambda deal_id: _concerns(deal_id) & ~CalendarEvent.private,
    QUOTE: lambda deal_id: Quote.deal_id == deal_id,
    ORDER: lambda deal_id: Order.id.in_(_orders_of(deal_id)),
    SHIPMENT: lambda deal_id: Shipment.order_id.in_(_orders_of(deal_id)),
    INVOICE: lambda deal_id: Invoice.id.in_(_invoices_of(deal_id)),
    CREDIT_NOTE: lambda deal_id: CreditNote.invoice_id.in_(_invoices_of(deal_id)),
    PAYMENT: _settles_invoice_of,
}
