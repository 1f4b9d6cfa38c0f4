"""The sums of a forecast, now or as it was frozen, and the counts of a funnel, each one statement."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from chassis import clock
from chassis.errors import NotFound
from party.owners import owned_by
from sqlalchemy import ColumnElement, Date, Uuid, case, cast, func, or_, select, true
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.ext.asyncio import AsyncSession

from crm.people.teams.models import Team
from crm.sales.deals.models import Deal, DealStage
from crm.sales.forecast.models import FrozenForecast, FrozenRow
from crm.sales.forecast.rules import BEST_CASE, COMMITTED, month_of
from crm.sales.forecast.schemas import ForecastFilters, FunnelFilters, PeriodFilters
from crm.sales.quotas.models import Quota

MOST_ROWS = 5_000
MOST_REASONS = 500
MOST_QUOTAS = 500
DAY_SECONDS = 86_400
IS_OPEN, IS_WON = Deal.state == "open", Deal.state == "won"
CLOSES = case((IS_WON, Deal.closed_on), else_=Deal.expected_close)
SUMS = ("won", "committed", "best_case", "open", "weighted", "won_count", "open_count")


async def forecast(session: AsyncSession, filters: ForecastFilters) -> Sequence[Any]:
    """The deals that closed as won or are expected to close in the period, by month, owner and currency."""
    statement = sums(closing_between(filters.first_day, filters.last_day))
    statement = statement.where(*_of_pipeline(Deal, filters), *_owned(Deal, filters))
    return (await session.execute(statement.order_by(*statement.selected_columns[:3]).limit(MOST_ROWS))).all()


async def frozen(session: AsyncSession, filters: ForecastFilters) -> tuple[datetime, Sequence[Any]]:
    """The same as it was frozen, and when that was, by the months of the period. Raises `NotFound`."""
    last = select(FrozenForecast).where(FrozenForecast.week <= filters.frozen_at).order_by(FrozenForecast.week.desc())
    found = await session.scalar(last.limit(1))
    if found is None:
        raise NotFound(frozen_at=filters.frozen_at, hint="Forecasts are frozen every Monday: name a later day.")
    keys = (FrozenRow.month, FrozenRow.owner_id, FrozenRow.currency)
    months = FrozenRow.month.between(month_of(filters.first_day), filters.last_day)
    statement = (
        select(*keys, *(func.sum(getattr(FrozenRow, name)).label(name) for name in SUMS))
        .where(FrozenRow.week == found.week, months, *_of_pipeline(FrozenRow, filters), *_owned(FrozenRow, filters))
        .group_by(*keys)
    )
    return found.frozen_at, (await session.execute(statement.order_by(*keys).limit(MOST_ROWS))).all()


async def quotas(session: AsyncSession, filters: ForecastFilters) -> Sequence[Any]:
    """The quotas that share a day with the period, with the sums of their own deals."""
    of_team = members_of(Team.id == Quota.team_id, func.array_agg).correlate(Quota).scalar_subquery()
    owners = func.coalesce(of_team, array([Quota.employee_id]))
    mine = (
        select(*_sums())
        .where(
            Deal.owner_id == func.any(owners),
            Deal.currency == Quota.currency,
            closing_between(Quota.first_day, Quota.last_day),
            *_of_pipeline(Deal, filters),
        )
        .lateral()
    )
    columns = (Quota.id, Quota.employee_id, Quota.team_id, Quota.first_day, Quota.last_day, Quota.currency)
    statement = (
        select(*columns, Quota.amount, *mine.c)
        .join(mine, true())
        .where(Quota.archived_at.is_(None), Quota.first_day <= filters.last_day, Quota.last_day >= filters.first_day)
    )
    if filters.owner_id is not None:
        statement = statement.where(Quota.employee_id == UUID(filters.owner_id))
    if filters.team_id is not None:
        statement = statement.where(Quota.team_id == filters.team_id)
    return (await session.execute(statement.order_by(Quota.first_day, Quota.id).limit(MOST_QUOTAS))).all()


def sums(which: ColumnElement[bool], *by: Any) -> Any:
    """The sums of deals by month, owner, currency and these columns."""
    month = cast(func.date_trunc("month", CLOSES), Date).label("month")
    keys = (month, Deal.owner_id, Deal.currency, *by)
    return select(*keys, *_sums()).where(which, Deal.amount.is_not(None)).group_by(*keys)


def closing_between(first: Any, last: Any) -> ColumnElement[bool]:
    """Open deals that are expected to close, and won ones that closed, on these days or between them."""
    return or_(IS_OPEN & Deal.expected_close.between(first, last), IS_WON & Deal.closed_on.between(first, last))


def _sums() -> Sequence[ColumnElement[Any]]:
    return [
        _sum(Deal.amount, IS_WON).label("won"),
        _sum(Deal.amount, IS_OPEN, Deal.probability >= COMMITTED).label("committed"),
        _sum(Deal.amount, IS_OPEN, Deal.probability >= BEST_CASE).label("best_case"),
        _sum(Deal.amount, IS_OPEN).label("open"),
        _sum(Deal.amount * Deal.probability, IS_OPEN).label("weighted"),
        func.count().filter(IS_WON).label("won_count"),
        func.count().filter(IS_OPEN).label("open_count"),
    ]


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
    return entered, Deal.pipeline == filters.pipeline, *_owned(Deal, filters)


def _owned(table: Any, filters: PeriodFilters) -> list[ColumnElement[bool]]:
    found = [] if filters.owner_id is None else [owned_by(table)(filters.owner_id)]
    if filters.team_id is not None:
        found.append(table.owner_id.in_(members_of(Team.id == filters.team_id)))
    return found


def members_of(which: ColumnElement[bool], gathered: Callable[..., Any] = lambda ids: ids) -> Any:
    """The employees of teams."""
    members = func.jsonb_each_text(Team.members).table_valued("key", "value")
    ids = gathered(cast(members.c.value, Uuid))
    return select(ids).select_from(Team).join(members, Team.id.is_not(None)).where(which)


def _of_pipeline(table: Any, filters: ForecastFilters) -> list[ColumnElement[bool]]:
    return [] if filters.pipeline is None else [table.pipeline == filters.pipeline]


def _sum(amount: Any, *which: ColumnElement[bool]) -> ColumnElement[Decimal]:
    return func.coalesce(func.sum(amount).filter(*which), 0)
