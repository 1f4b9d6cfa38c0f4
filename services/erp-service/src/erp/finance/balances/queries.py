"""Named reads of balances, and of the ledger data from which they are computed."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from erp.finance.balances.models import Balance, BalanceChange
from erp.parties.customers.models import Customer

ALONE = text("select pg_try_advisory_xact_lock(hashtextextended('balances' || current_setting('app.tenant', true), 0))")


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


async def agreed_credit(session: AsyncSession, customer_ids: Collection[UUID]) -> dict[UUID, dict[str, Any] | None]:
    """The credit terms of these customers; other ids are omitted."""
    found = await session.execute(select(Customer.id, Customer.credit).where(Customer.id.in_(customer_ids)))
    return dict(found.all())
