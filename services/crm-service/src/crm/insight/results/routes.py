"""HTTP of what deals and employees brought."""

from typing import Annotated
from uuid import UUID

from chassis.auth import Principal, requires
from chassis.db import Session
from documents.charts import FORMATS, drawn
from fastapi import APIRouter, Query, Response
from records import reads
from records.sheets import as_csv

from crm.insight.results import queries, view
from crm.insight.results.schemas import DealOverview, Performance, PerformanceLine
from crm.sales.deals.records import DEALS
from crm.sales.forecast.schemas import PeriodFilters
from crm.sales.orders.models import Order

router = APIRouter(prefix="/v1", tags=["deals"])


@router.get("/deals/{deal_id}/overview")
async def read_deal_overview(
    deal_id: UUID, session: Session, caller: Annotated[Principal, requires("deals:read")]
) -> DealOverview:
    """The quotes and orders of a deal, and what was ordered, invoiced and paid, before tax."""
    await reads.by_id(session, DEALS, deal_id)
    sees_orders = "orders:read" in caller.scopes
    sees_revenue = sees_orders and "invoices:read" in caller.scopes
    return DealOverview(
        deal_id=deal_id,
        quotes=await queries.quotes(session, deal_id) if "quotes:read" in caller.scopes else None,
        orders=await queries.orders(session, deal_id) if sees_orders else None,
        revenue=await queries.revenue(session, Order.deal_id == deal_id) if sees_revenue else None,
    )


@router.get("/performance", response_model=Performance, responses=FORMATS)
async def read_performance(
    session: Session,
    filters: Annotated[PeriodFilters, Query()],
    caller: Annotated[Principal, requires("deals:read")],
) -> Performance | Response:
    """What each employee did in a period, and what it brought: calls, meetings, leads, deals, revenue before tax.

    As a chart it has what was won, ordered, invoiced and paid.
    """
    wanted = await reads.with_caller(session, DEALS.callers, filters)
    items = await view.performance(session, wanted, caller)
    if wanted.as_format == "csv":
        return as_csv("performance", PerformanceLine, PerformanceLine.all_of(items))
    if wanted.as_format != "json":
        return await drawn(view.performance_chart(items), wanted.as_format)
    return Performance(items=items)
