"""HTTP of balances and receivables."""

from typing import Annotated
from uuid import UUID

from chassis import clock
from chassis.auth import requires
from chassis.db import Session
from chassis.pages import Page, Paging
from fastapi import APIRouter, Query, Response

from erp.finance.balances import queries, view
from erp.finance.balances.schemas import (
    BalanceFilters,
    BalanceOut,
    OpenItemFilters,
    OpenItemOut,
    ReceivableFilters,
    ReceivableOut,
)

READ = requires("invoices:read")
router = APIRouter(prefix="/v1/balances", tags=["balances"])
receivables = APIRouter(prefix="/v1/receivables", tags=["receivables"])


@router.get("", dependencies=[READ])
async def list_balances(
    session: Session, paging: Paging, filters: Annotated[BalanceFilters, Query()]
) -> Page[BalanceOut]:
    """What customers owe, per currency, with what is left of their credit; the greatest first."""
    return await paging.page(session, queries.search(filters), queries.ORDERS, lambda row: BalanceOut.of(row[0]))


@router.get("/{balance_id}", dependencies=[READ])
async def read_balance(balance_id: UUID, session: Session, response: Response) -> BalanceOut:
    """One balance."""
    return BalanceOut.of(await queries.by_id(session, balance_id)).tag(response)


@receivables.get("", dependencies=[READ])
async def list_receivables(
    session: Session, paging: Paging, filters: Annotated[ReceivableFilters, Query()]
) -> Page[ReceivableOut]:
    """What customers owe, by age and currency; `sort` by customer_name, total, open, overdue or over_90_days."""
    statement, sorting = view.aged(filters, clock.today())
    return await paging.page(session, statement, sorting, ReceivableOut.model_validate)


@receivables.get("/{customer_id}", dependencies=[READ])
async def list_open_items(
    customer_id: UUID, session: Session, paging: Paging, filters: Annotated[OpenItemFilters, Query()]
) -> Page[OpenItemOut]:
    """The open documents of a customer: invoices by due day, then credits; `sort` by due_on, dated_on or open."""
    statement, sorting = view.open_items(customer_id, filters, clock.today())
    return await paging.page(session, statement, sorting, OpenItemOut.model_validate)
