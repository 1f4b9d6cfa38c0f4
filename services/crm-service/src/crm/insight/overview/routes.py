"""HTTP of the overview of a customer."""

from typing import Annotated
from uuid import UUID

from chassis import clock
from chassis.auth import Principal, requires
from chassis.db import Session
from fastapi import APIRouter
from records import reads

from crm.insight.overview import queries
from crm.insight.overview.schemas import CustomerOverview
from crm.parties.customers.records import CUSTOMERS

router = APIRouter(prefix="/v1/customers", tags=["customers"])


@router.get("/{customer_id}/overview")
async def read_customer_overview(
    customer_id: UUID, session: Session, caller: Annotated[Principal, requires("customers:read")]
) -> CustomerOverview:
    """What is open with a customer: deals, quotes, orders, accounts, the last and the next contact, tasks."""
    await reads.by_id(session, CUSTOMERS, customer_id)
    now, today, scopes = clock.now(), clock.today(), caller.scopes
    sees_activities = "activities:read" in scopes
    return CustomerOverview(
        customer_id=customer_id,
        deals=await queries.deals(session, customer_id) if "deals:read" in scopes else None,
        quotes=await queries.quotes(session, customer_id, today) if "quotes:read" in scopes else None,
        orders=await queries.orders(session, customer_id) if "orders:read" in scopes else None,
        accounts=await queries.accounts(session, customer_id, today) if "invoices:read" in scopes else None,
        contact=await queries.contact(session, customer_id, now) if sees_activities else None,
        tasks=await queries.tasks(session, customer_id, now) if sees_activities else None,
    )
