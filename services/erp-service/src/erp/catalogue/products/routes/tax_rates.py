"""HTTP of tax rates."""

from collections.abc import Callable
from typing import Annotated
from uuid import UUID

from chassis.auth import Principal, requires
from chassis.db import Session
from chassis.pages import Page, Paging
from chassis.patch import JsonPatch
from chassis.preconditions import IdempotentRoute, Seen, SeenVersion
from fastapi import APIRouter, Query, Response

from erp.catalogue.products import queries
from erp.catalogue.products.commands import declarations as commands
from erp.catalogue.products.commands.declarations import TAX_RATES
from erp.catalogue.products.models import TaxRateRow
from erp.catalogue.products.schemas import TaxRateBody, TaxRateFilters, TaxRateOut

router = APIRouter(prefix="/v1/tax-rates", tags=["prices"], route_class=IdempotentRoute)
READ = requires("prices:read")
Writer = Annotated[Principal, requires("prices:write")]


@router.post("", status_code=201)
async def create_tax_rate(body: TaxRateBody, session: Session, caller: Writer, response: Response) -> TaxRateOut:
    """Declare what is charged on a class of products in a country. Countries without any rate are not taxed."""
    row = await commands.create(session, TAX_RATES, body, caller.subject)
    response.headers["Location"] = f"{router.prefix}/{row.id}"
    return TaxRateOut.of(row).tag(response)


@router.get("", dependencies=[READ])
async def list_tax_rates(
    session: Session, paging: Paging, filters: Annotated[TaxRateFilters, Query()]
) -> Page[TaxRateOut]:
    """Tax rates in pages, by country and class, the latest first."""
    return await paging.page(session, queries.rates(filters), queries.TAX_RATES, lambda row: TaxRateOut.of(row[0]))


@router.get("/{tax_rate_id}", dependencies=[READ])
async def read_tax_rate(tax_rate_id: UUID, session: Session, response: Response) -> TaxRateOut:
    """One tax rate, archived or not, with the `ETag` to change it."""
    return TaxRateOut.of(await queries.declared(session, TaxRateRow, tax_rate_id)).tag(response)


@router.patch("/{tax_rate_id}")
async def change_tax_rate(
    tax_rate_id: UUID, patch: JsonPatch, session: Session, caller: Writer, seen: SeenVersion, response: Response
) -> TaxRateOut:
    """Change the fields named; all others stay. What was sold before stays as it was."""
    row = await commands.change(session, TAX_RATES, tax_rate_id, patch, caller.subject, _seen(seen))
    return TaxRateOut.of(row).tag(response)


@router.delete("/{tax_rate_id}")
async def archive_tax_rate(
    tax_rate_id: UUID, session: Session, caller: Writer, seen: SeenVersion, response: Response
) -> TaxRateOut:
    """Archive a tax rate: it holds no more. `restore` brings it back."""
    row = await commands.archive(session, TAX_RATES, tax_rate_id, caller.subject, _seen(seen))
    return TaxRateOut.of(row).tag(response)


@router.post("/{tax_rate_id}/restore")
async def restore_tax_rate(tax_rate_id: UUID, session: Session, caller: Writer, response: Response) -> TaxRateOut:
    """Take an archived tax rate into use again."""
    return TaxRateOut.of(await commands.restore(session, TAX_RATES, tax_rate_id, caller.subject)).tag(response)


def _seen(seen: Seen) -> Callable[[TaxRateRow], None]:
    return lambda row: seen.check(row.version, TaxRateOut.of(row))
