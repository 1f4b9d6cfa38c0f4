"""HTTP of receivables."""

from typing import Annotated
from uuid import UUID

from chassis import clock
from chassis.auth import requires
from chassis.db import Session
from chassis.pages import Page, Paging
from fastapi import APIRouter, Query

from erp.finance.balances import view
from erp.finance.balances.records import balances
from erp.finance.balances.schemas import (
    OpenItemFilters,
    OpenItemOut,
    ReceivableFilters,
    ReceivableOut,
)

READ = requires("invoices:read")
router = APIRouter(prefix="/v1/receivables", tags=["receivables"])
routers = (balances, router)


@router.get("", dependencies=[READ])
async def list_receivables(
    session: Session, paging: Paging, filters: Annotated[ReceivableFilters, Query()]
) -> Page[ReceivableOut]:
    """Receivables of customers, by age and currency; `sort` by customer_name, total, open, overdue or over_90_days."""
    statement, sorting = view.aged(filters, clock.today())
    return await paging.page(session, statement, sorting, ReceivableOut.model_validate)


@router.get("/{customer_id}", dependencies=[READ])
async def list_open_items(
    customer_id: UUID, session: Session, paging: Paging, filters: Annotated[OpenItemFilters, Query()]
) -> Page[OpenItemOut]:
    """The open documents of a customer: invoices by due date, then credits; `sort` by due_on, dated_on or open."""
    statement, sorting = view.open_items(customer_id, filters, clock.today())
    return await paging.page(session, statement, sorting, OpenItemOut.model_validate)
