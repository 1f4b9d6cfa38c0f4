"""HTTP of the timelines of customers and deals."""

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from chassis.auth import Principal, requires
from chassis.db import Session
from chassis.pages import Page, PageRequest, Sorting, sorted_by
from fastapi import APIRouter, Query
from records import Record, reads
from sqlalchemy import column
from sqlalchemy.ext.asyncio import AsyncSession

from crm.insight.timeline import queries
from crm.insight.timeline.queries import Source
from crm.insight.timeline.records import CUSTOMER_PARTS, DEAL_PARTS, Which
from crm.insight.timeline.schemas import EntryType, HistoryEntryOut, HistoryFilters
from crm.parties.customers.records import CUSTOMERS
from crm.sales.deals.records import DEALS

AnyRecord = Record[Any, Any, Any]
ORDER = sorted_by(Sorting({"at": column("at")}, column("id"), "-at"))
customers = APIRouter(prefix="/v1/customers", tags=["customers"])
deals = APIRouter(prefix="/v1/deals", tags=["deals"])
routers = (customers, deals)


@customers.get("/{customer_id}/timeline")
async def read_customer_timeline(
    customer_id: UUID,
    session: Session,
    caller: Annotated[Principal, requires("customers:read")],
    paging: Annotated[PageRequest, ORDER],
    filters: Annotated[HistoryFilters, Query()],
) -> Page[HistoryEntryOut]:
    """The history of a customer: interactions, tasks, calendar events that are not private, changes, documents and
    payments, the newest first.

    Entries whose records the caller's scopes do not show are left out.
    """
    return await _page(session, CUSTOMERS, customer_id, CUSTOMER_PARTS, caller, paging, filters)


@deals.get("/{deal_id}/timeline")
async def read_deal_timeline(
    deal_id: UUID,
    session: Session,
    caller: Annotated[Principal, requires("deals:read")],
    paging: Annotated[PageRequest, ORDER],
    filters: Annotated[HistoryFilters, Query()],
) -> Page[HistoryEntryOut]:
    """The history of a deal: interactions, tasks, calendar events that are not private, changes, its quotes, and the
    documents and payments that follow.

    Entries whose records the caller's scopes do not show are left out.
    """
    return await _page(session, DEALS, deal_id, DEAL_PARTS, caller, paging, filters)


async def _page(
    session: AsyncSession,
    record: AnyRecord,
    row_id: UUID,
    parts: Mapping[Source, Which],
    caller: Principal,
    paging: PageRequest,
    filters: HistoryFilters,
) -> Page[HistoryEntryOut]:
    """One page, in one statement beside the one that finds the record. Raises `NotFound`, `ScopeMissing`."""
    await reads.by_id(session, record, row_id)
    statement, sorting = queries.united(_seen(record, row_id, parts, caller, filters), filters)
    return await paging.page(session, statement, sorting, lambda row: queries.shown(record, row))


def _seen(
    record: AnyRecord, row_id: UUID, parts: Mapping[Source, Which], caller: Principal, filters: HistoryFilters
) -> list[Any]:
    """The parts that are asked for. Raises `ScopeMissing` for a type that the caller names and may not read."""
    wanted = filters.type or list(EntryType)
    if filters.type:
        caller.require(*sorted({f"{each.record.scope}:read" for each in parts if each.type in wanted}))
    found = [
        source.entries(which(row_id))
        for source, which in parts.items()
        if source.type in wanted and f"{source.record.scope}:read" in caller.scopes
    ]
    return [*found, *queries.changes(record, row_id)]
