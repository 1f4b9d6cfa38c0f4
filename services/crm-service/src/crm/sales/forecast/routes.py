"""HTTP of the forecast and the funnel."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Any

from chassis.auth import requires
from chassis.db import Session
from documents.charts import FORMATS, drawn
from fastapi import APIRouter, Query, Response
from records import reads
from records.sheets import as_csv

from crm.sales.deals import queries as deals
from crm.sales.deals.records import DEALS
from crm.sales.deals.rules import Pipeline
from crm.sales.forecast import queries
from crm.sales.forecast.rules import fraction
from crm.sales.forecast.schemas import (
    Forecast,
    ForecastFilters,
    ForecastRow,
    Funnel,
    FunnelFilters,
    FunnelStage,
    LossReason,
    QuotaRow,
)
from crm.sales.forecast.view import forecast_chart, funnel_chart

router = APIRouter(prefix="/v1", tags=["deals"])
READ = requires("deals:read")


@router.get("/forecast", dependencies=[READ], response_model=Forecast, responses=FORMATS)
async def read_forecast(session: Session, filters: Annotated[ForecastFilters, Query()]) -> Forecast | Response:
    """What closed and what is expected to close in a period, by month, owner and currency. Amounts are exact.

    The quotas that share a day with the period are compared with the deals of their own periods. The forecast is
    frozen every week; `frozen_at` shows it as it was then, so that it can be compared with what came. As CSV it has
    the rows without the quotas, as a chart the sums of each month.
    """
    wanted = await reads.with_caller(session, DEALS.callers, filters)
    if wanted.frozen_at is not None:
        at, rows = await queries.frozen(session, wanted)
    else:
        at, rows = None, await queries.forecast(session, wanted)
    items = [ForecastRow.model_validate(row) for row in rows]
    if wanted.as_format == "csv":
        return as_csv("forecast", ForecastRow, items)
    if wanted.as_format != "json":
        return await drawn(forecast_chart(items), wanted.as_format)
    quotas = await queries.quotas(session, wanted) if at is None else None
    return Forecast(items=items, quotas=None if quotas is None else [_quota(each) for each in quotas], frozen_at=at)


@router.get("/funnel", dependencies=[READ], response_model=Funnel, responses=FORMATS)
async def read_funnel(session: Session, filters: Annotated[FunnelFilters, Query()]) -> Funnel | Response:
    """What became of the deals that were entered in a period, by stage, from the stage history.

    A deal from before the history has one stay, at its stage of that time. As CSV and as a chart it has the stages.
    """
    pipeline, _ = await deals.pipeline(session, filters.pipeline)
    wanted = await reads.with_caller(session, DEALS.callers, filters)
    stays = await queries.stays(session, wanted, [each.key for each in pipeline.stages])
    funnel = _funnel(filters.pipeline, pipeline, stays, await queries.outcomes(session, wanted))
    if wanted.as_format == "csv":
        return as_csv("funnel", FunnelStage, funnel.stages)
    return funnel if wanted.as_format == "json" else await drawn(funnel_chart(funnel), wanted.as_format)


def _quota(row: Any) -> QuotaRow:
    return QuotaRow(**row._mapping, attained=fraction(row.won, row.amount))


def _funnel(key: str, pipeline: Pipeline, stays: Sequence[Any], outcomes: Sequence[Any]) -> Funnel:
    found = {row.stage: row for row in stays}
    closed = {state: sum(row.count for row in outcomes if row.state == state) for state in ("won", "lost")}
    return Funnel(
        pipeline=key,
        entered=sum(row.count for row in outcomes),
        won=closed["won"],
        lost=closed["lost"],
        win_rate=fraction(closed["won"], closed["won"] + closed["lost"]),
        stages=[_stage(each.key, each.name, found.get(each.key)) for each in pipeline.stages],
        reasons=[LossReason.model_validate(row) for row in outcomes if row.state != "open"],
    )


def _stage(key: str, name: str, row: Any) -> FunnelStage:
    if row is None:
        nothing = dict.fromkeys(("entered", "advanced", "won", "lost"), 0)
        return FunnelStage(stage=key, name=name, conversion=None, median_days=None, **nothing)
    seconds = row.median_seconds
    return FunnelStage(
        stage=key,
        name=name,
        entered=row.entered,
        advanced=row.advanced,
        won=row.won,
        lost=row.lost,
        conversion=fraction(row.advanced, row.entered),
        median_days=None if seconds is None else round(Decimal(seconds) / queries.DAY_SECONDS, 2),
    )
