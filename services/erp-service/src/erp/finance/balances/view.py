"""Receivables by age, read from invoices, credit notes and payments."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from chassis.pages import Sorting
from contracts.receivable import LAST_DAYS, Age, Direction, PaymentState
from sqlalchemy import (
    ColumnElement,
    Date,
    Integer,
    Select,
    Subquery,
    Text,
    case,
    cast,
    func,
    literal,
    null,
    select,
    union_all,
)

from erp.finance.balances.schemas import OpenItemFilters, ReceivableFilters
from erp.finance.invoicing.models import CreditNote, Invoice
from erp.finance.payments.models import Payment
from erp.parties.customers.models import Customer

NOTHING = Decimal(0)


def aged(filters: ReceivableFilters, today: date) -> tuple[Select[Any], Sorting]:
    """The receivables of each customer per currency, by age; and the sort keys."""
    items = _open_items(filters.on or today)
    sums = {age.value: _sum(items, items.c.age == age.value) for age in Age}
    overdue = _sum(items, items.c.age.in_([age.value for age in Age if age is not Age.NOT_DUE]))
    invoiced = _sum(items, items.c.kind == "invoice")
    credit = _sum(items, items.c.kind != "invoice")
    found = (
        select(
            items.c.customer_id,
            func.coalesce(Customer.number, "").label("customer_number"),
            Customer.name.label("customer_name"),
            items.c.currency,
            (cast(items.c.customer_id, Text) + items.c.currency).label("place"),
            *(amount.label(name) for name, amount in sums.items()),
            overdue.label("overdue"),
            invoiced.label("open"),
            (-credit).label("credit"),
            func.sum(items.c.open).label("total"),
        )
        .join(Customer, Customer.id == items.c.customer_id)
        .group_by(items.c.customer_id, Customer.number, Customer.name, items.c.currency)
        .subquery()
    )
    statement = select(found)
    equal = {found.c.customer_id: filters.customer_id, found.c.currency: filters.currency}
    statement = statement.where(*(column == value for column, value in equal.items() if value is not None))
    if filters.overdue is not None:
        statement = statement.where(found.c.overdue > 0 if filters.overdue else found.c.overdue == 0)
    columns = {name: found.c[name] for name in ("customer_name", "total", "open", "overdue", "over_90_days")}
    return statement, Sorting(columns, found.c.place, "customer_name")


def open_items(customer_id: UUID, filters: OpenItemFilters, today: date) -> tuple[Select[Any], Sorting]:
    """The open documents of a customer, by due date; and the sort keys."""
    items = _open_items(filters.on or today)
    statement = select(items).where(items.c.customer_id == customer_id)
    if filters.currency is not None:
        statement = statement.where(items.c.currency == filters.currency)
    columns = {name: items.c[name] for name in ("due_on", "dated_on", "open")}
    return statement, Sorting(columns, items.c.id, "due_on")


def _sum(items: Subquery, where: ColumnElement[bool]) -> ColumnElement[Decimal]:
    return func.coalesce(func.sum(items.c.open).filter(where), NOTHING)


def _open_items(on: date) -> Subquery:
    return union_all(_invoices(on), _credit_notes(), _payments()).subquery()


def _invoices(on: date) -> Select[Any]:
    days = literal(on, Date) - Invoice.due_on
    ages = [(days <= last, age.value) for age, last in LAST_DAYS.items() if last is not None]
    oldest = next(age.value for age, last in LAST_DAYS.items() if last is None)
    return select(
        literal("invoice").label("kind"),
        Invoice.id,
        Invoice.customer_id,
        Invoice.number,
        Invoice.issued_on.label("dated_on"),
        Invoice.due_on,
        cast(days, Integer).label("days_overdue"),
        case(*ages, else_=oldest).label("age"),
        Invoice.currency,
        Invoice.total.label("amount"),
        (Invoice.total - Invoice.settled).label("open"),
    ).where(Invoice.settled < Invoice.total)


def _credit_notes() -> Select[Any]:
    return select(
        literal("credit_note"),
        CreditNote.id,
        CreditNote.customer_id,
        CreditNote.number,
        CreditNote.issued_on,
        *_undated(),
        CreditNote.currency,
        CreditNote.total,
        CreditNote.settled - CreditNote.total,
    ).where(CreditNote.settled < CreditNote.total)


def _payments() -> Select[Any]:
    """Payments with an unallocated rest; outgoing payments are negative."""
    rest = Payment.amount - Payment.allocated
    return select(
        literal("payment"),
        Payment.id,
        Payment.posted_customer_id,
        Payment.reference,
        Payment.received_on,
        *_undated(),
        Payment.currency,
        Payment.amount,
        case((Payment.direction == Direction.IN, -rest), else_=rest),
    ).where(
        Payment.allocated < Payment.amount,
        Payment.posted_state == PaymentState.BOOKED,
        Payment.posted_customer_id.is_not(None),
    )


def _undated() -> tuple[ColumnElement[Any], ...]:
    return cast(null(), Date), cast(null(), Integer), cast(null(), Text)
