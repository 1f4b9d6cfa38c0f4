"""HTTP of prices in price lists."""

from collections.abc import Callable
from typing import Annotated
from uuid import UUID

from chassis import batch
from chassis.auth import Principal, requires
from chassis.batch import Batch, BatchResult
from chassis.db import Session
from chassis.pages import Page, Paging
from chassis.patch import JsonPatch, parsed
from chassis.preconditions import IdempotentRoute, Seen, SeenVersion
from chassis.replication import creating
from fastapi import APIRouter, Query, Response

from erp.catalogue.products import queries
from erp.catalogue.products.commands import declarations as commands
from erp.catalogue.products.commands.declarations import PRICES
from erp.catalogue.products.events import PRICE
from erp.catalogue.products.models import Price
from erp.catalogue.products.schemas import PriceBody, PriceFilters, PriceOut

router = APIRouter(prefix="/v1/prices", tags=["prices"], route_class=IdempotentRoute)
READ = requires("prices:read")
Writer = Annotated[Principal, requires("prices:write")]


@router.post("", status_code=201)
async def create_price(body: PriceBody, session: Session, caller: Writer, response: Response) -> PriceOut:
    """Declare what a product costs in a price list from a quantity on."""
    row = await commands.create(session, PRICES, body, caller.subject)
    response.headers["Location"] = f"{router.prefix}/{row.id}"
    return PriceOut.of(row).tag(response)


@router.get("", dependencies=[READ])
async def list_prices(session: Session, paging: Paging, filters: Annotated[PriceFilters, Query()]) -> Page[PriceOut]:
    """Prices in pages; `sort` by updated_at or min_quantity (`-` for descending)."""
    return await paging.page(session, queries.prices(filters), queries.PRICES, lambda row: PriceOut.of(row[0]))


@router.get("/{price_id}", dependencies=[READ])
async def read_price(price_id: UUID, session: Session, response: Response) -> PriceOut:
    """One price, archived or not, with the `ETag` to change it."""
    return PriceOut.of(await queries.declared(session, Price, price_id)).tag(response)


@router.patch("/{price_id}")
async def change_price(
    price_id: UUID, patch: JsonPatch, session: Session, caller: Writer, seen: SeenVersion, response: Response
) -> PriceOut:
    """Change the fields named; all others stay. What was sold before stays as it was."""
    row = await commands.change(session, PRICES, price_id, patch, caller.subject, _seen(seen))
    return PriceOut.of(row).tag(response)


@router.delete("/{price_id}")
async def archive_price(
    price_id: UUID, session: Session, caller: Writer, seen: SeenVersion, response: Response
) -> PriceOut:
    """Archive a price: it holds no more. `restore` brings it back."""
    row = await commands.archive(session, PRICES, price_id, caller.subject, _seen(seen))
    return PriceOut.of(row).tag(response)


@router.post("/{price_id}/restore")
async def restore_price(price_id: UUID, session: Session, caller: Writer, response: Response) -> PriceOut:
    """Take an archived price into use again."""
    return PriceOut.of(await commands.restore(session, PRICES, price_id, caller.subject)).tag(response)


batches = APIRouter(tags=["prices"], route_class=IdempotentRoute)


@batches.post("/v1/prices:batch")
async def write_prices(body: Batch, session: Session, caller: Writer) -> BatchResult:
    """Create and change up to 200 prices; each item stands or falls alone, and has a result of its own."""
    await creating(session, PRICE)
    await PRICE.rows(session, body.ids, [])
    return await batch.write(
        session,
        body.items,
        lambda fields: commands.create(session, PRICES, parsed(PriceBody, fields), caller.subject),
        lambda price_id, patch, seen: commands.change(session, PRICES, price_id, patch, caller.subject, _seen(seen)),
    )


def _seen(seen: Seen) -> Callable[[Price], None]:
    return lambda row: seen.check(row.version, PriceOut.of(row))
