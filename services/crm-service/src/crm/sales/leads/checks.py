"""Rules of leads that need the database: the score, and the owner of a new one."""

from typing import Any
from uuid import UUID

from chassis.errors import Conflict
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from crm.sales.leads import queries
from crm.sales.leads.models import Lead
from crm.sales.leads.rules import ALLOWED, LeadRules, points

IN_TURN = text("select pg_advisory_xact_lock(hashtextextended('leads:' || current_setting('app.tenant'), 0))")


class LeadClosed(Conflict):
    code = "lead-closed"
    title = "The lead is closed"
    detail = "The lead is {state}; allowed: {allowed}."
    hint = "Reopen a disqualified lead first; work on with the records that a converted lead became."


async def may_change(_session: AsyncSession, row: Lead, _values: dict[str, Any]) -> None:
    """Raises `LeadClosed`."""
    if "change" not in ALLOWED[row.state]:
        raise LeadClosed(state=row.state, allowed=ALLOWED[row.state])


async def scored(session: AsyncSession, row: Lead) -> None:
    """Set the score; and the owner of a new lead that has none, by the rules."""
    rules, _ = await queries.rules(session)
    row.score = sum(rule.points for rule in points(rules.scoring, vars(row)))
    if row.owner_id is None and row.version is None:
        row.owner_id = await owner_by_rules(session, rules, row)


async def owner_by_rules(session: AsyncSession, rules: LeadRules, row: Lead) -> UUID | None:
    """The employee who gets a lead; None where no rule takes it.

    Locks until the end of the transaction: two leads at once would go to the same employee.
    """
    rule = next((each for each in rules.assignment if each.takes(row.country, row.language)), None)
    if rule is None:
        return None
    await session.execute(IN_TURN)
    found = queries.next_in_turn if rule.by == "turn" else queries.least_loaded
    return await found(session, rule.employee_ids)
