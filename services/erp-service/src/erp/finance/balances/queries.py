"""Named reads of balances, and of the books from which they follow."""

from collections.abc import Collection, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from erp.finance.balances.models import Balance, BalanceChange
from erp.ledger.models import Account, JournalLine
from erp.ledger.rules import AccountRole
from erp.parties.customers.models import Customer
from erp.sales.orders.models import Order

ALONE = text("select pg_try_advisory_xact_lock(hashtextextended('balances' || current_setting('app.tenant', true), 0))")
Sums = dict[tuple[UUID, str], Decimal]


async def of_customers(session: AsyncSession, customer_ids: Collection[UUID]) -> Sequence[Balance]:
    """All balances of these customers, locked in the order of their ids."""
    statement = select(Balance).where(Balance.customer_id.in_(customer_ids)).order_by(Balance.id).with_for_update()
    return (await session.scalars(statement.execution_options(populate_existing=True))).all()


async def tenants_with_changes(session: AsyncSession, later: Collection[UUID]) -> list[UUID]:
    """The tenants that have something to look at, but for customers `later`; for a worker that sees all."""
    noted = select(BalanceChange.tenant_id).where(BalanceChange.customer_id.not_in(later))
    return list(await session.scalars(noted.distinct()))


async def customers_with_changes(session: AsyncSession, limit: int, later: Collection[UUID]) -> list[UUID]:
    """The customers of the oldest notes, each once, but for those `later`."""
    noted = select(BalanceChange.customer_id).where(BalanceChange.customer_id.not_in(later))
    return sorted(set(await session.scalars(noted.order_by(BalanceChange.id).limit(limit))))


async def take_changes(
    session: AsyncSession, limit: int, customer_id: UUID | None = None, later: Collection[UUID] = ()
) -> tuple[set[UUID], int]:
    """The customers to look at but for those `later`, or the one that is named; and how many notes were taken.

    The notes are back if the transaction fails.

    Nothing while another worker is at it: of two the slower one would write what is no longer so.
    """
    if not await session.scalar(ALONE):
        return set(), 0
    notes = select(BalanceChange.id).where(BalanceChange.customer_id.not_in(later))
    notes = notes.order_by(BalanceChange.id).limit(limit)
    oldest = (notes if customer_id is None else notes.where(BalanceChange.customer_id == customer_id)).scalar_subquery()
    taken = await session.execute(
        delete(BalanceChange).where(BalanceChange.id.in_(oldest)).returning(BalanceChange.customer_id)
    )
    customer_ids = taken.scalars().all()
    return set(customer_ids), len(customer_ids)


async def receivables(session: AsyncSession, customer_ids: Collection[UUID]) -> Sums:
    """What the ledger says these customers owe, per currency."""
    account_id = select(Account.id).where(Account.role == AccountRole.RECEIVABLES).scalar_subquery()
    statement = (
        select(JournalLine.party_id, JournalLine.currency, func.sum(JournalLine.amount))
        .where(JournalLine.account_id == account_id, JournalLine.party_id.in_(customer_ids))
        .group_by(JournalLine.party_id, JournalLine.currency)
    )
    found = await session.execute(statement)
    return {(party_id, currency): total for party_id, currency, total in found if party_id}


async def on_order(session: AsyncSession, customer_ids: Collection[UUID]) -> Sums:
    """What these customers will still be invoiced for, per currency: what `orders.queries.on_order` says of one."""
    statement = (
        select(Order.customer_id, Order.currency, func.sum(Order.on_order))
        .where(Order.customer_id.in_(customer_ids), Order.on_order != 0)
        .group_by(Order.customer_id, Order.currency)
    )
    return {(customer_id, currency): total for customer_id, currency, total in await session.execute(statement)}


async def agreed_credit(session: AsyncSession, customer_ids: Collection[UUID]) -> dict[UUID, dict[str, Any] | None]:
    """What was agreed with these customers; who is no customer is left out."""
    found = await session.execute(select(Customer.id, Customer.credit).where(Customer.id.in_(customer_ids)))
    return dict(found.all())
