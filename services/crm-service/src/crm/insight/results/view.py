"""The performance of employees from its parts."""

from collections.abc import Sequence
from decimal import Decimal

from chassis.auth import Principal
from documents.charts import Bar, Chart
from localisation import Phrase, translated
from sqlalchemy.ext.asyncio import AsyncSession

from crm.insight.results import queries
from crm.insight.results.schemas import EmployeePerformance, EmployeeRevenue
from crm.sales.forecast.schemas import PeriodFilters

BROUGHT = {
    "won": Phrase("Won"),
    "ordered": Phrase("Ordered"),
    "invoiced": Phrase("Invoiced"),
    "paid": Phrase("Paid"),
}


async def performance(session: AsyncSession, filters: PeriodFilters, caller: Principal) -> list[EmployeePerformance]:
    """What each employee did in the period and what it brought; parts that the caller may not see are None."""
    scopes, wanted = caller.scopes, await queries.sellers(session, filters)
    talks = await queries.talks(session, filters, wanted) if "activities:read" in scopes else None
    leads = await queries.leads(session, filters, wanted) if "leads:read" in scopes else None
    sees_revenue = {"orders:read", "invoices:read"} <= scopes
    revenue = await queries.revenue_by_seller(session, filters, wanted) if sees_revenue else None
    closed, amounts = await queries.closed(session, filters, wanted)
    ids = {*(talks or ()), *(leads or ()), *(revenue or ()), *closed}
    found = []
    for employee_id, name in await queries.names(session, ids):
        counts = closed.get(employee_id, {"won": 0, "lost": 0, "days": 0})
        won = counts["won"]
        found.append(
            EmployeePerformance(
                employee_id=employee_id,
                name=name,
                calls=None if talks is None else talks.get(employee_id, {}).get("calls", 0),
                meetings=None if talks is None else talks.get(employee_id, {}).get("meetings", 0),
                leads=None if leads is None else leads.get(employee_id, {}).get("leads", 0),
                won=won,
                lost=counts["lost"],
                cycle_days=round(Decimal(counts["days"]) / won, 2) if won else None,
                revenue=None
                if revenue is None
                else _revenue(revenue.get(employee_id, {}), amounts.get(employee_id, {})),
            )
        )
    return found


def _revenue(brought: dict[str, dict[str, object]], won: dict[str, Decimal]) -> list[EmployeeRevenue]:
    nothing = dict.fromkeys(("ordered", "invoiced", "paid"), Decimal(0))
    return [
        EmployeeRevenue.model_validate(
            {**nothing, **brought.get(each, {}), "currency": each, "won": won.get(each, Decimal(0))}
        )
        for each in sorted(brought.keys() | won.keys())
    ]


def performance_chart(items: Sequence[EmployeePerformance]) -> Chart:
    """What each employee brought, by currency."""
    bars = [
        Bar(f"{each.name} {revenue.currency}", [(amount, f"{amount:,.2f}") for amount in _amounts(revenue)])
        for each in items
        for revenue in each.revenue or ()
    ]
    return Chart(translated(Phrase("Performance")), [*map(translated, BROUGHT.values())], bars)


def _amounts(revenue: EmployeeRevenue) -> list[Decimal]:
    return [getattr(revenue, name) for name in BROUGHT]
