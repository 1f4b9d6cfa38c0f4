"""HTTP of what deals brought."""

from typing import Annotated
from uuid import UUID

from chassis.auth import Principal, requires
from chassis.db import Session
from fastapi import APIRouter
from records import reads

from crm.insight.results import queries
from crm.insight.results.schemas import DealOverview
from crm.sales.deals.records import DEALS
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
