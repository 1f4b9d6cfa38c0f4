"""What must be true when the sales story is over: each figure from the CRM's answers and from the files."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from ..e2e.clients import Body
from .figures import Figure, exact_total
from .pipeline import Deal, Sales, total
from .sales import SalesStory

DAY = timedelta(days=1)


def figures(story: SalesStory) -> list[Figure]:
    """Every figure of the sales story."""
    sales, crm, erp = story.sales, story.company.crm, story.company.erp
    deals = crm.all("/v1/deals")
    first, last = min(deal.closed_on for deal in sales.deals), max(deal.closed_on for deal in sales.deals)
    closed = crm.get("/v1/forecast", first_day=str(first), last_day=str(last))["items"]
    orders = {
        office.name: [office.read("order", each["id"]) for each in office.all("/v1/orders")] for office in (crm, erp)
    }
    return [
        *_deals(sales, deals),
        Figure(
            "won before rounding",
            total(sales.won),
            {
                "CRM deals": _sum(each["amount"] for each in deals if each["state"] == "won"),
                "CRM forecast": _sum(each["won"] for each in closed),
                **{f"{name.upper()} orders": exact_total(found) for name, found in orders.items()},
            },
        ),
        *_sellers(story, closed),
        *_funnel(story, deals),
        *_forecast(story),
        *_activities(story),
        Figure(
            "orders confirmed",
            len(sales.won),
            {name: sum(1 for each in found if each["state"] == "confirmed") for name, found in orders.items()},
        ),
    ]


def _deals(sales: Sales, deals: list[Body]) -> list[Figure]:
    states = Counter(each["state"] for each in deals)
    reasons = Counter(each["reason"] for each in deals if each["state"] == "lost")
    leads = sum(1 for each in deals if each["source"] == "Lead")
    return [
        Figure("deals won", len(sales.won), {"CRM": states["won"]}),
        Figure("deals lost", len(sales.lost), {"CRM": states["lost"]}),
        Figure("deals open", 0, {"CRM": states["open"]}),
        Figure("deals that began as a lead", sum(deal.is_lead for deal in sales.deals), {"CRM": leads}),
        Figure("reasons of losses", dict(Counter(deal.reason for deal in sales.lost)), {"CRM": dict(reasons)}),
    ]


def _sellers(story: SalesStory, closed: list[Body]) -> list[Figure]:
    """What each employee won, the best first."""
    won: defaultdict[str, Decimal] = defaultdict(Decimal)
    for each in closed:
        won[each["owner_id"]] += Decimal(each["won"])
    return [
        Figure(f"won by employee {number}", amount, {"CRM forecast": won[story.employees[number]]})
        for number, amount in story.sales.by_seller().items()
    ]


def _funnel(story: SalesStory, deals: list[Body]) -> list[Figure]:
    """The funnel of the deals that were entered during this run."""
    days = sorted(datetime.fromisoformat(each["created_at"]).date() for each in deals)
    first, last = days[0] - DAY, days[-1] + DAY  # The company's day may be one before or after that of UTC.
    found = story.company.crm.get("/v1/funnel", first_day=str(first), last_day=str(last))
    entered = story.sales.entered()
    return [
        Figure("funnel: entered", len(story.sales.deals), {"CRM": found["entered"]}),
        *[
            Figure(f"funnel: entered {stage['stage']}", entered[stage["stage"]], {"CRM": stage["entered"]})
            for stage in found["stages"]
        ],
        Figure("funnel: won", len(story.sales.won), {"CRM": found["won"]}),
        Figure("funnel: lost", len(story.sales.lost), {"CRM": found["lost"]}),
    ]


def _forecast(story: SalesStory) -> list[Figure]:
    """The forecast of a month, made at the end of the month before, and what came in that month."""
    sales, (first, last) = story.sales, story.sales.next_month
    expected = [deal for deal in sales.open_at_forecast if first <= deal.expected_close <= last]
    made = f"forecast of {sales.forecast_on} for {first:%B %Y}"
    came = story.company.crm.get("/v1/forecast", first_day=str(first), last_day=str(last))["items"]
    return [
        Figure(f"{made}: {name}", wanted, {"CRM": _sum(each[name] for each in story.forecast)})
        for name, wanted in _categories(sales, expected).items()
    ] + [
        Figure(
            f"what came in {first:%B %Y}",
            total(deal for deal in sales.won if first <= deal.closed_on <= last),
            {"CRM": _sum(each["won"] for each in came)},
        )
    ]


def _categories(sales: Sales, expected: Iterable[Deal]) -> Mapping[str, Decimal]:
    """The open amounts, those with a probability of at least 0.75 and 0.5, and each by its probability."""
    amounts: defaultdict[str, Decimal] = defaultdict(Decimal)
    for deal in expected:
        probability = deal.pipeline.probabilities[deal.stage_on(sales.forecast_on)]
        amounts["open"] += deal.amount
        amounts["weighted"] += deal.amount * probability
        amounts["best_case"] += deal.amount if probability >= Decimal("0.5") else 0
        amounts["committed"] += deal.amount if probability >= Decimal("0.75") else 0
    return {name: amounts[name] for name in ("open", "best_case", "committed", "weighted")}


def _activities(story: SalesStory) -> list[Figure]:
    """Every deal has an interaction and a task, on both sides."""
    expected, company = len(story.sales.deals), story.company
    done = len(story.sales.won)
    tasks = {office.name.upper(): office.records("task") for office in company.offices}
    interactions = {office.name.upper(): office.records("interaction") for office in company.offices}
    return [
        Figure("interactions", expected, {name: len(found) for name, found in interactions.items()}),
        Figure("tasks", expected, {name: len(found) for name, found in tasks.items()}),
        Figure("tasks done", done, {name: _done(found) for name, found in tasks.items()}),
    ]


def _done(tasks: list[Body]) -> int:
    return sum(1 for each in tasks if each["state"] == "done")


def _sum(amounts: Iterable[Any]) -> Decimal:
    return sum((Decimal(each) for each in amounts), Decimal(0))
