"""Named reads of balances, and of the ledger data from which they are computed."""

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
    """The tenants with changes, except for customers in `later`; for a worker, which reads all tenants."""
    noted = select(BalanceChange.tenant_id).where(BalanceChange.customer_id.not_in(later))
    return list(await session.scalars(noted.distinct()))


async def customers_with_changes(session: AsyncSession, limit: int, later: Collection[UUID]) -> list[UUID]:
    """The customers of the oldest notes, each once, except those in `later`."""
    noted = select(BalanceChange.customer_id).where(BalanceChange.customer_id.not_in(later))
    return sorted(set(await session.scalars(noted.order_by(BalanceChange.id).limit(limit))))


async def take_changes(
    session: AsyncSession, limit: int, customer_id: UUID | None = None, later: Collection[UUID] = ()
) -> tuple[set[UUID], int]:
    """The customers with notes except those in `later`, or the given one; and the number of deleted notes.

    A rollback restores the notes.

    Returns nothing while another worker runs: of two, the slower one would write outdated figures.
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
    """The receivables of these customers by the ledger, per currency."""
    account_id = select(Account.id).where(Account.role == AccountRole.RECEIVABLES).scalar_subquery()
    statement = (
        select(JournalLine.party_id, JournalLine.currency, func.sum(JournalLine.amount))
        .where(JournalLine.account_id == account_id, JournalLine.party_id.in_(customer_ids))
        .group_by(JournalLine.party_id, JournalLine.currency)
    )
    found = await session.execute(statement)
    return {(party_id, currency): total for party_id, currency, total in found if party_id}


async def on_order(session: AsyncSession, customer_ids: Collection[UUID]) -> Sums:
    """The amounts of these customers still to be invoiced, per currency: `orders.queries.on_order` for several
    customers."""
    statement = (
        select(Order.customer_id, Order.currency, func.sum(Order.on_order))
        .where(Order.customer_id.in_(customer_ids), Order.on_order != 0)
        .group_by(Order.customer_id, Order.currency)
    )
    return {(customer_id, currency): total for customer_id, currency, total in await session.execute(statement)}


async def agreed_credit(session: AsyncSession, customer_ids: Collection[UUID]) -> dict[UUID, dict[str, Any] | None]:
    """The credit terms of these customers; other ids are omitted."""
    found = await session.execute(select(Customer.id, Customer.credit).where(Customer.id.in_(customer_ids)))
    return dict(found.all())
