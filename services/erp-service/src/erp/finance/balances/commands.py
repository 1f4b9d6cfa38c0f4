"""Recomputes balances from the ledger."""

from collections import defaultdict
from collections.abc import Collection
from decimal import Decimal
from uuid import UUID

from chassis import replication
from chassis.replication import edit
from sqlalchemy.ext.asyncio import AsyncSession

from erp.finance.balances import queries
from erp.finance.balances.events import BALANCE
from erp.finance.balances.models import Balance
from erp.finance.balances.rules import Figures, currencies, figures
from erp.ledger import queries as ledger
from erp.sales.orders import queries as orders

ACTOR = "erp"
NOTHING = Decimal(0)


async def refresh_changed(
    session: AsyncSession, limit: int, customer_id: UUID | None = None, later: Collection[UUID] = ()
) -> int:
    """Recompute balances of the tenant's customers with changes, except those in `later`; or of one customer.

    Returns the number of processed change notes.
    """
    customer_ids, taken = await queries.take_changes(session, limit, customer_id, later)
    if customer_ids:
        await refresh(session, customer_ids)
    return taken


async def refresh(session: AsyncSession, customer_ids: Collection[UUID]) -> None:
    """Recompute the balances of these customers from the ledger; unchanged balances are not announced."""
    # Locked first: the following read of the ledger is at least as new as what the previous holder of the lock wrote.
    rows = {(row.customer_id, row.currency): row for row in await queries.of_customers(session, customer_ids)}
    for (customer_id, currency), now in (await _figures(session, customer_ids, rows)).items():
        row = rows.get((customer_id, currency))
        if row is not None:
            with edit(session, BALANCE, row, ACTOR):
                row.take(now)
        elif not now.is_nothing:
            row = Balance(customer_id=customer_id, currency=currency)
            row.take(now)
            replication.created(session, BALANCE, row, ACTOR)
    await session.flush()


async def _figures(
    session: AsyncSession, customer_ids: Collection[UUID], known: Collection[tuple[UUID, str]]
) -> dict[tuple[UUID, str], Figures]:
    open_, on_order = await ledger.receivables(session, customer_ids), await orders.on_order(session, customer_ids)
    used: defaultdict[UUID, set[str]] = defaultdict(set)
    for customer_id, currency in (*open_, *on_order, *known):
        used[customer_id].add(currency)
    home = (await ledger.company(session)).currency
    found = {}
    for customer_id, credit in (await queries.agreed_credit(session, customer_ids)).items():
        for currency in sorted(currencies(used[customer_id], credit, home)):
            place = (customer_id, currency)
            found[place] = figures(open_.get(place, NOTHING), on_order.get(place, NOTHING), credit, currency)
    return found
