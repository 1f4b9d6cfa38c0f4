"""Dunning: each run raises the level of an overdue invoice by at most one."""

from collections.abc import Callable, Sequence
from datetime import date

from chassis.replication import edit
from sqlalchemy.ext.asyncio import AsyncSession

from erp.finance.invoicing import queries
from erp.finance.invoicing.events import INVOICE
from erp.finance.invoicing.models import DunningPolicy, Invoice
from erp.finance.invoicing.rules import next_level

Check = Callable[[DunningPolicy], None]


async def dun(session: AsyncSession, on: date, actor: str) -> Sequence[Invoice]:
    """Raise the level of invoices that are overdue long enough on that day; returns them.

    At most one level in a run, and one run a day: no customer is reminded twice on one day, and a repeated run changes
    nothing.
    """
    days = (await queries.dunning_policy(session)).days
    raised = []
    for invoice in await queries.overdue(session, on, len(days)):
        level = next_level(days, invoice.dunning_level, (on - invoice.due_on).days)
        if level == invoice.dunning_level or (invoice.dunned_on is not None and invoice.dunned_on >= on):
            continue
        with edit(session, INVOICE, invoice, actor):
            invoice.dun(level, on)
        raised.append(invoice)
    await session.flush()
    return raised


async def declare_levels(session: AsyncSession, days: Sequence[int], seen: Check) -> DunningPolicy:
    """Declare the days overdue of each level. Reached levels stay. Raises the errors of `seen`."""
    policy = await queries.dunning_policy(session, lock=True)
    seen(policy)
    if list(days) != policy.days or policy.version == 0:
        policy.days, policy.version = list(days), policy.version + 1
        session.add(policy)
        await session.flush()
    return policy
