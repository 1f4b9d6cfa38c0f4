"""Receivables by age: sums over open invoices, with the ERP's balance of each account."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from chassis.pages import Sorting
from contracts.receivable import Direction, PaymentState
from sqlalchemy import (
    ColumnElement,
    Date,
    Integer,
    Numeric,
    Select,
    Subquery,
    Text,
    and_,
    case,
    cast,
    func,
    or_,
    select,
    type_coerce,
    union,
)
from sqlalchemy.ext.asyncio import AsyncSession

from crm.parties.customers.models import Customer
from crm.receivables.models import Balance, Invoice, Payment
from crm.receivables.rules import BUCKETS, Bucket
from crm.receivables.schemas import (
    AgedFilters,
    AgedOut,
    Ages,
    CreditOut,
    CustomerReceivables,
    InvoiceOut,
    Owed,
    PaymentOut,
)

FIRST_DUE = 200
LATEST = 50
NOTHING = Decimal(0)
_due_on = func.coalesce(Invoice.due_on, Invoice.issued_on)


def aged(filters: AgedFilters, on: date) -> tuple[Select[Any], Sorting]:
    """All accounts with open amounts, with their open invoices by age, and their sort keys."""
    found = _accounts(on)
    statement = select(found).where(or_(found.c.open > 0, func.coalesce(found.c.balance, 0) != 0))
    if filters.currency is not None:
        statement = statement.where(found.c.currency == filters.currency)
    if filters.owner_id is not None:
        statement = statement.where(found.c.owner_id == UUID(filters.owner_id))
    if filters.segment is not None:
        statement = statement.where(found.c.segment == filters.segment)
    if filters.overdue == "true":
        statement = statement.where(found.c.overdue > 0)
    names = ("customer", "currency", "open", "overdue", "oldest_due_on", "balance", "credit_left")
    columns = {name: found.c[name] for name in (*names, *(bucket.name for bucket in BUCKETS))}
    return statement, Sorting(columns, found.c.id, "-overdue")


def aged_out(row: Any) -> AgedOut:
    """One row of that list."""
    return AgedOut(
        customer_id=row.customer_id,
        customer=row.customer,
        currency=row.currency,
        open=row.open,
        overdue=row.overdue,
        ages=_ages(row),
        oldest_due_on=row.oldest_due_on,
        balance=_credit(row),
    )


async def of_customer(session: AsyncSession, customer_id: UUID, on: date) -> CustomerReceivables:
    """A customer's account: sums per currency, the oldest open invoices, the latest payments."""
    found = _accounts(on)
    rows = await session.execute(select(found).where(found.c.customer_id == customer_id))
    accounts = {row.currency: row for row in rows}
    paid = await _paid(session, customer_id)
    return CustomerReceivables(
        customer_id=customer_id,
        on=on,
        currencies=[_owed(each, accounts.get(each), paid) for each in sorted({*accounts, *(c for c, _ in paid)})],
        open_invoices=[InvoiceOut.of(row, on=on) for row in await _open_invoices(session, customer_id)],
        payments=[PaymentOut.of(row) for row in await _latest_payments(session, customer_id)],
    )


async def accounts_of(session: AsyncSession, customer_id: UUID, on: date) -> Sequence[Any]:
    """Open and overdue amounts, balance and credit of a customer, one row per currency, in one statement."""
    found = _accounts(on)
    names = ("currency", "open", "overdue", "balance", "credit_limit", "credit_left", "blocked")
    statement = select(*(found.c[name] for name in names)).where(found.c.customer_id == customer_id)
    return (await session.execute(statement.order_by(found.c.currency))).all()


def _accounts(on: date) -> Subquery:
    """Each customer and currency with open invoices or a balance."""
    debts = _debts(on)
    keys = union(
        select(debts.c.customer_id, debts.c.currency),
        select(Balance.customer_id, Balance.currency).where(Balance.archived_at.is_(None)),
    ).subquery()
    sums = (debts.c.open, debts.c.overdue, *(debts.c[bucket.name] for bucket in BUCKETS))
    return (
        select(
            (cast(keys.c.customer_id, Text) + keys.c.currency).label("id"),
            keys.c.customer_id,
            keys.c.currency,
            Customer.name.label("customer"),
            Customer.owner_id,
            Customer.segment,
            *(func.coalesce(column, NOTHING).label(column.name) for column in sums),
            debts.c.oldest_due_on,
            # There may be no balance; the column itself is not nullable, and pages rely on it.
            type_coerce(Balance.open, Numeric(19, 4)).label("balance"),
            Balance.on_order,
            Balance.credit_limit,
            Balance.credit_left,
            Balance.blocked,
            Balance.updated_at.label("as_of"),
        )
        .join(Customer, Customer.id == keys.c.customer_id)
        .outerjoin(debts, _same(debts, keys))
        .outerjoin(Balance, and_(_same(Balance, keys), Balance.archived_at.is_(None)))
        .subquery("accounts")
    )


def _debts(on: date) -> Subquery:
    days = cast(on, Date).op("-", return_type=Integer())(_due_on)
    ages = [func.coalesce(func.sum(Invoice.open).filter(_has_age(each, days)), 0).label(each.name) for each in BUCKETS]
    return (
        select(
            Invoice.customer_id,
            Invoice.currency,
            func.sum(Invoice.open).label("open"),
            func.coalesce(func.sum(Invoice.open).filter(days > 0), 0).label("overdue"),
            func.min(_due_on).label("oldest_due_on"),
            *ages,
        )
        .where(Invoice.open > 0, Invoice.archived_at.is_(None))
        .group_by(Invoice.customer_id, Invoice.currency)
        .subquery("debts")
    )


def _has_age(bucket: Bucket, days: ColumnElement[int]) -> ColumnElement[bool]:
    """`Bucket.holds` as an SQL condition."""
    limits = [] if bucket.first is None else [days >= bucket.first]
    limits += [] if bucket.last is None else [days <= bucket.last]
    return and_(*limits)


def _same(one: Any, keys: Subquery) -> ColumnElement[bool]:
    one = getattr(one, "c", one)
    return and_(one.customer_id == keys.c.customer_id, one.currency == keys.c.currency)


def _ages(row: Any) -> Ages:
    return Ages.model_validate({bucket.name: getattr(row, bucket.name) for bucket in BUCKETS})


def _credit(row: Any) -> CreditOut | None:
    if row.as_of is None:
        return None
    return CreditOut(
        open=row.balance,
        on_order=row.on_order,
        credit_limit=row.credit_limit,
        credit_left=row.credit_left,
        blocked=row.blocked,
        as_of=row.as_of,
    )


def _owed(currency: str, account: Any, paid: dict[tuple[str, str], Decimal]) -> Owed:
    return Owed(
        currency=currency,
        open=account.open if account else NOTHING,
        overdue=account.overdue if account else NOTHING,
        ages=_ages(account) if account else Ages.model_validate({bucket.name: NOTHING for bucket in BUCKETS}),
        oldest_due_on=account.oldest_due_on if account else None,
        unallocated=paid[currency, PaymentState.BOOKED],
        entered=paid[currency, PaymentState.ENTERED],
        balance=_credit(account) if account else None,
    )


async def _paid(session: AsyncSession, customer_id: UUID) -> dict[tuple[str, str], Decimal]:
    """(currency, state) -> the unallocated payments; outgoing payments are negative."""
    waiting = case(
        (Payment.state == PaymentState.ENTERED, Payment.amount),
        else_=cast(Payment.allocation["unallocated"].astext, Numeric(19, 4)),
    )
    signed = case((Payment.direction == Direction.OUT, -waiting), else_=waiting)
    statement = (
        select(Payment.currency, Payment.state, func.coalesce(func.sum(signed), 0))
        .where(Payment.customer_id == customer_id, Payment.state != PaymentState.REVERSED)
        .group_by(Payment.currency, Payment.state)
    )
    found: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
    found.update({(currency, state): amount for currency, state, amount in await session.execute(statement)})
    return found


async def _open_invoices(session: AsyncSession, customer_id: UUID) -> list[Invoice]:
    statement = (
        select(Invoice)
        .where(Invoice.customer_id == customer_id, Invoice.open > 0, Invoice.archived_at.is_(None))
        .order_by(_due_on, Invoice.number)
        .limit(FIRST_DUE)
    )
    return list(await session.scalars(statement))


async def _latest_payments(session: AsyncSession, customer_id: UUID) -> list[Payment]:
    statement = select(Payment).where(Payment.customer_id == customer_id)
    return list(await session.scalars(statement.order_by(Payment.received_on.desc(), Payment.id.desc()).limit(LATEST)))
