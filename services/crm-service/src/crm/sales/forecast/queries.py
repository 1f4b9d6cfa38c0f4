"""The sums of a forecast and the counts of a funnel, each one statement."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

from chassis import clock
from party.owners import owned_by
from sqlalchemy import ColumnElement, Date, Text, case, cast, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from crm.people.teams.models import Team
from crm.sales.deals.models import Deal, DealStage
from crm.sales.forecast.rules import BEST_CASE, COMMITTED
from crm.sales.forecast.schemas import ForecastFilters, FunnelFilters, PeriodFilters

MOST_ROWS = 5_000
MOST_REASONS = 500
DAY_SECONDS = 86_400


async def forecast(session: AsyncSession, filters: ForecastFilters) -> Sequence[Any]:
    """The deals that closed as won or are expected to close in the period, by month, owner and currency."""
    is_open, is_won = Deal.state == "open", Deal.state == "won"
    closes = case((is_won, Deal.closed_on), else_=Deal.expected_close)
    month = cast(func.date_trunc("month", closes), Date).label("month")
    statement = select(
        month,
        Deal.owner_id,
        Deal.currency,
        _sum(Deal.amount, is_won).label("won"),
        _sum(Deal.amount, is_open, Deal.probability >= COMMITTED).label("committed"),
        _sum(Deal.amount, is_open, Deal.probability >= BEST_CASE).label("best_case"),
        _sum(Deal.amount, is_open).label("open"),
        _sum(Deal.amount * Deal.probability, is_open).label("weighted"),
        func.count().filter(is_won).label("won_count"),
        func.count().filter(is_open).label("open_count"),
    ).where(
        or_(
            is_open & Deal.expected_close.between(filters.first_day, filters.last_day),
            is_won & Deal.closed_on.between(filters.first_day, filters.last_day),
        ),
        Deal.amount.is_not(None),
        *_owned(filters),
    )
    if filters.pipeline is not None:
        statement = statement.where(Deal.pipeline == filters.pipeline)
    keys = (month, Deal.owner_id, Deal.currency)
    return (await session.execute(statement.group_by(*keys).order_by(*keys).limit(MOST_ROWS))).all()


async def stays(session: AsyncSession, filters: FunnelFilters, order: Sequence[str]) -> Sequence[Any]:
    """Per stage how many deals of the cohort entered it, advanced from it, were won and lost at it, and the median
    days of its ended stays."""
    place = {key: number for number, key in enumerate(order)}
    here = case(place, value=DealStage.stage, else_=-1)
    there = case({**place, "won": len(order)}, value=DealStage.left_to, else_=-1)
    seconds = func.extract("epoch", DealStage.left_at - DealStage.entered_at)

    def deals(*which: ColumnElement[bool]) -> ColumnElement[int]:
        return func.count(DealStage.deal_id.distinct()).filter(*which)

    statement = (
        select(
            DealStage.stage,
            func.count(DealStage.deal_id.distinct()).label("entered"),
            deals(there > here).label("advanced"),
            deals(DealStage.left_to == "won").label("won"),
            deals(DealStage.left_to == "lost").label("lost"),
            func.percentile_cont(0.5)
            .within_group(seconds)
            .filter(DealStage.left_at.is_not(None))
            .label("median_seconds"),
        )
        .join(Deal, Deal.id == DealStage.deal_id)
        .where(*_cohort(filters), DealStage.pipeline == filters.pipeline)
    )
    return (await session.execute(statement.group_by(DealStage.stage))).all()


async def outcomes(session: AsyncSession, filters: FunnelFilters) -> Sequence[Any]:
    """The deals of the cohort by state, reason and source."""
    keys = (Deal.state, Deal.reason, Deal.source)
    statement = select(*keys, func.count().label("count")).where(*_cohort(filters)).group_by(*keys)
    return (await session.execute(statement.order_by(func.count().desc(), *keys).limit(MOST_REASONS))).all()


def _cohort(filters: FunnelFilters) -> tuple[ColumnElement[bool], ...]:
    begin = clock.begin_of(filters.first_day)
    end = clock.begin_of(filters.last_day + timedelta(days=1))
    entered = (Deal.created_at >= begin) & (Deal.created_at < end)
    return entered, Deal.pipeline == filters.pipeline, *_owned(filters)


def _owned(filters: PeriodFilters) -> list[ColumnElement[bool]]:
    found = [] if filters.owner_id is None else [owned_by(Deal)(filters.owner_id)]
    if filters.team_id is not None:
        members = func.jsonb_each_text(Team.members).table_valued("key", "value")
        team = select(members.c.value).select_from(Team).join(members, Team.id.is_not(None))
        found.append(cast(Deal.owner_id, Text).in_(team.where(Team.id == filters.team_id)))
    return found


def _sum(amount: Any, *which: ColumnElement[bool]) -> ColumnElement[Decimal]:
    return func.coalesce(func.sum(amount).filter(*which), 0)
