"""Named reads of payments and bank accounts."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from chassis import gather
from contracts.normalise import reference_key
from contracts.receivable import Direction
from sqlalchemy import ARRAY, Select, Text, bindparam, exists, func, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from erp.finance.invoicing.models import Invoice, InvoiceLine
from erp.finance.payments.models import DUE, WAITING, BankAccount, Payment
from erp.finance.payments.schemas import PaymentBody
from erp.sales.orders.models import Order

REFERENCES, QUEUED = "payment of a reference", "reference"
_IN_THE_BOOKS = (Payment.archived_at.is_(None), Payment.customer_id == Payment.posted_customer_id)
ONE_AT_A_TIME = text("""
    select pg_advisory_xact_lock(hashtextextended('payment' || current_setting('app.tenant', true) || :reference, 0))
""")
ONE_AFTER_ANOTHER = text("""
    select pg_advisory_xact_lock(hashtextextended('payment' || current_setting('app.tenant', true) || wanted.key, 0))
    from unnest(:references) with ordinality as wanted (key, place) order by wanted.place
""").bindparams(bindparam("references", type_=ARRAY(Text())))


class Reference(NamedTuple):
    """The unique key of a payment."""

    key: str
    direction: str
    currency: str


async def customers_of(session: AsyncSession, payment_ids: Collection[UUID]) -> list[UUID]:
    """The customers of these payments, in the common order of locks."""
    found = await session.execute(
        select(Payment.customer_id, Payment.posted_customer_id).where(Payment.id.in_(payment_ids))
    )
    return sorted({customer_id for row in found for customer_id in row if customer_id is not None})


async def reference_lock(session: AsyncSession, reference: str) -> None:
    """Lock an external reference until the transaction ends."""
    key = reference_key(reference)
    await gather.once(session, (QUEUED, key), lambda: session.execute(ONE_AT_A_TIME, {"reference": key}))


async def known(session: AsyncSession, reference: str, direction: str, currency: str) -> Payment | None:
    """The payment with this external reference."""
    name = Reference(reference_key(reference), direction, currency)
    found: Payment | None
    if (shared := gather.kept(session, REFERENCES, [name])) is not None:
        found = shared[name]
        return found
    found = await session.scalar(_complete().where(*_same(reference, direction, currency)))
    return found


async def keep_known(session: AsyncSession, bodies: Iterable[PaymentBody]) -> None:
    """Lock the references of several payments, and read which of them are used."""
    references = [(reference_key(each.reference), each) for each in bodies if each.reference]
    names = {Reference(key, each.direction, each.currency) for key, each in references}
    keys = sorted({name.key for name in names})
    await session.execute(ONE_AFTER_ANOTHER, {"references": keys})
    gather.keep(session, QUEUED, [(key, None) for key in keys])
    found = await session.scalars(_complete().where(Payment.reference_key.in_(keys)))
    gather.keep(session, REFERENCES, [(name, None) for name in names])
    for row in found:
        named(session, row)


def named(session: AsyncSession, row: Payment) -> None:
    """Add the reference of the payment to the cache of gathered items."""
    if row.reference_key:
        gather.keep(session, REFERENCES, [(Reference(row.reference_key, row.direction, row.currency), row)])


def renamed(session: AsyncSession, row: Payment) -> None:
    """Drop the former reference of the payment from the cache of gathered items."""
    if row.reference_key:
        gather.forget(session, REFERENCES, Reference(row.reference_key, row.direction, row.currency))


async def twin(session: AsyncSession, values: Mapping[str, Any]) -> bool:
    """Whether an unlinked payment has the same reference, direction and currency."""
    payment, reference = values.get("payment"), values.get("reference")
    if not payment or not reference:
        return False
    same = _same(reference, payment.get("direction", Direction.IN), payment.get("currency"))
    return bool(await session.scalar(select(exists().where(*same, Payment.canonical_id.is_(None)))))


def _same(reference: str, direction: str, currency: str) -> tuple[Any, ...]:
    key = reference_key(reference)
    return Payment.reference_key == key, Payment.direction == direction, Payment.currency == currency


async def due(session: AsyncSession, limit: int) -> list[tuple[UUID, UUID]]:
    """Payments that differ from the ledger, oldest first: (id, tenant)."""
    ready = or_(Payment.try_at.is_(None), Payment.try_at <= func.now())
    statement = select(Payment.id, Payment.tenant_id).where(text(DUE), ready, Payment.archived_at.is_(None))
    found = await session.execute(statement.order_by(Payment.created_at).limit(limit))
    return [(payment_id, tenant_id) for payment_id, tenant_id in found]


async def waiting(session: AsyncSession, but: Collection[UUID], limit: int) -> list[tuple[UUID, UUID, str]]:
    """The customers with both a waiting payment and an open invoice: (tenant, customer, currency)."""
    owing = exists().where(
        Invoice.tenant_id == Payment.tenant_id,
        Invoice.customer_id == Payment.customer_id,
        Invoice.currency == Payment.currency,
        Invoice.settled < Invoice.total,
    )
    statement = (
        select(Payment.tenant_id, Payment.customer_id, Payment.currency)
        .where(text(WAITING), *_IN_THE_BOOKS, owing, Payment.customer_id.not_in(but))
        .distinct()
        .limit(limit)
    )
    found = await session.execute(statement)
    return [(tenant, customer_id, currency) for tenant, customer_id, currency in found if customer_id]


async def waiting_of(session: AsyncSession, customer_id: UUID, currency: str) -> Sequence[Payment]:
    """The waiting payments of a customer, locked, the oldest first."""
    theirs = (Payment.customer_id == customer_id, Payment.currency == currency)
    found = await session.scalars(_locked().where(text(WAITING), *_IN_THE_BOOKS, *theirs).order_by(Payment.id))
    return sorted(found.all(), key=lambda row: (row.received_on, row.id))


async def orders_billed(session: AsyncSession, invoice_ids: Collection[UUID]) -> dict[UUID, set[str]]:
    """Invoice -> the numbers and customer's references of the orders that it bills."""

    async def read(ids: Collection[UUID]) -> Iterable[tuple[UUID, set[str]]]:
        called: dict[UUID, set[str]] = {invoice_id: set() for invoice_id in ids}
        names = select(InvoiceLine.invoice_id, Order.number, Order.sales_number, Order.reference).distinct()
        orders = names.join(Order, Order.id == InvoiceLine.order_id).where(InvoiceLine.invoice_id.in_(ids))
        for invoice_id, *known in await session.execute(orders):
            called[invoice_id].update(name for name in known if name)
        return called.items()

    return await gather.each_once(session, "names of an invoice", invoice_ids, read)


async def bank_account_by_iban(session: AsyncSession, iban: str) -> BankAccount | None:
    """The bank account with this IBAN, archived or not."""
    found: BankAccount | None = await session.scalar(select(BankAccount).where(BankAccount.iban == iban))
    return found


def _complete() -> Select[Payment]:
    return select(Payment).options(selectinload(Payment.allocations))


def _locked() -> Select[Payment]:
    return _complete().with_for_update().execution_options(populate_existing=True)
