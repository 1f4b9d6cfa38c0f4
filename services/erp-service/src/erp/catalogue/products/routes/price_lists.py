"""HTTP of price lists."""

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
from erp.catalogue.products.commands.declarations import PRICE_LISTS
from erp.catalogue.products.models import PriceList
from erp.catalogue.products.schemas import PriceListBody, PriceListFilters, PriceListOut

router = APIRouter(prefix="/v1/price-lists", tags=["prices"], route_class=IdempotentRoute)
READ = requires("prices:read")
Writer = Annotated[Principal, requires("prices:write")]


@router.post("", status_code=201)
async def create_price_list(body: PriceListBody, session: Session, caller: Writer, response: Response) -> PriceListOut:
    """Declare a price list; its prices follow at /v1/prices."""
    row = await commands.create(session, PRICE_LISTS, body, caller.subject)
    response.headers["Location"] = f"{router.prefix}/{row.id}"
    return PriceListOut.of(row).tag(response)


@router.get("", dependencies=[READ])
async def list_price_lists(
    session: Session, paging: Paging, filters: Annotated[PriceListFilters, Query()]
) -> Page[PriceListOut]:
    """Price lists in pages, by name unless `sort` says otherwise (name, updated_at; `-` for descending)."""
    return await paging.page(
        session, queries.price_lists(filters), queries.PRICE_LISTS, lambda row: PriceListOut.of(row[0])
    )


@router.get("/{price_list_id}", dependencies=[READ])
async def read_price_list(price_list_id: UUID, session: Session, response: Response) -> PriceListOut:
    """One price list, archived or not, with the `ETag` to change it."""
    return PriceListOut.of(await queries.declared(session, PriceList, price_list_id)).tag(response)


@router.patch("/{price_list_id}")
async def change_price_list(
    price_list_id: UUID, patch: JsonPatch, session: Session, caller: Writer, seen: SeenVersion, response: Response
) -> PriceListOut:
    """Change the fields named; all others stay. What was sold before stays as it was."""
    row = await commands.change(session, PRICE_LISTS, price_list_id, patch, caller.subject, _seen(seen))
    return PriceListOut.of(row).tag(response)


@router.delete("/{price_list_id}")
async def archive_price_list(
    price_list_id: UUID, session: Session, caller: Writer, seen: SeenVersion, response: Response
) -> PriceListOut:
    """Archive a price list: it holds no more. `restore` brings it back."""
    row = await commands.archive(session, PRICE_LISTS, price_list_id, caller.subject, _seen(seen))
    return PriceListOut.of(row).tag(response)


@router.post("/{price_list_id}/restore")
async def restore_price_list(price_list_id: UUID, session: Session, caller: Writer, response: Response) -> PriceListOut:
    """Take an archived price list into use again."""
    return PriceListOut.of(await commands.restore(session, PRICE_LISTS, price_list_id, caller.subject)).tag(response)


def _seen(seen: Seen) -> Callable[[PriceList], None]:
    return lambda row: seen.check(row.version, PriceListOut.of(row))
