"""HTTP of products."""

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from chassis import batch, clock
from chassis.auth import FieldScopes, Principal, requires
from chassis.batch import Batch, BatchResult
from chassis.db import Session
from chassis.pages import Page, Paging
from chassis.patch import JsonPatch, parsed
from chassis.preconditions import IdempotentRoute, Seen, SeenVersion
from chassis.replication import creating
from contracts.pricing import Question
from contracts.scopes import write_scopes_of
from fastapi import APIRouter, Query, Response
from records import reads

from erp.catalogue.products import queries
from erp.catalogue.products.commands import products as commands
from erp.catalogue.products.events import PRODUCT
from erp.catalogue.products.models import PriceList, Product
from erp.catalogue.products.rules import in_own_unit
from erp.catalogue.products.schemas import PriceAnswer, PriceQuestion, ProductBody, ProductFilters, ProductOut
from erp.ledger import queries as ledger
from erp.parties.customers.records import CUSTOMERS

router = APIRouter(prefix="/v1/products", tags=["products"], route_class=IdempotentRoute)
READ = requires("products:read")
Writer = Annotated[Principal, requires("products:write")]
LIST_PRICE = FieldScopes(write_scopes_of("product"))


@router.post("", status_code=201, openapi_extra=LIST_PRICE.openapi)
async def create_product(body: ProductBody, session: Session, caller: Writer, response: Response) -> ProductOut:
    """Enter a product. It stands in the other systems a moment later."""
    LIST_PRICE.check(caller, body.model_fields_set)
    row = await commands.create(session, body, caller.subject)
    response.headers["Location"] = f"{router.prefix}/{row.id}"
    return ProductOut.of(row).tag(response)


@router.get("", dependencies=[READ])
async def list_products(
    session: Session, paging: Paging, filters: Annotated[ProductFilters, Query()]
) -> Page[ProductOut]:
    """Products in pages, by name unless `sort` says otherwise (name, sku, created_at, updated_at; `-` descends)."""
    return await paging.page(session, queries.search(filters), queries.PRODUCTS, lambda row: ProductOut.of(row[0]))


@router.get("/{product_id}", dependencies=[READ])
async def read_product(product_id: UUID, session: Session, response: Response) -> ProductOut:
    """One product, archived or not, with the `ETag` to change it."""
    return ProductOut.of(await queries.by_id(session, product_id)).tag(response)


@router.get("/{product_id}/price", dependencies=[requires("prices:read")])
async def read_price(product_id: UUID, session: Session, question: Annotated[PriceQuestion, Query()]) -> PriceAnswer:
    """What one unit costs this customer today, or on another day; and which price list says so."""
    product = await queries.by_id(session, product_id)
    customer = None
    if question.customer_id:
        customer = await reads.by_id(session, CUSTOMERS, question.customer_id)
    asked = Question(
        customer_id=question.customer_id,
        customer_group=customer.segment if customer else None,
        quantity=in_own_unit(product.units, question.quantity, question.unit),
        currency=question.currency
        or (customer.currency if customer else None)
        or (await ledger.company(session)).currency,
        on=question.on or clock.today(),
    )
    answer = await queries.price_of(session, product, asked)
    price_list = await queries.declared(session, PriceList, answer.price_list_id) if answer.price_list_id else None
    return PriceAnswer(
        product_id=product.id,
        amount=answer.amount,
        currency=answer.currency,
        unit=product.units["unit"],
        quantity=asked.quantity,
        on=asked.on,
        price_list_id=answer.price_list_id,
        price_list=price_list.name if price_list else None,
    )


@router.patch("/{product_id}", openapi_extra=LIST_PRICE.openapi)
async def change_product(
    product_id: UUID, patch: JsonPatch, session: Session, caller: Writer, seen: SeenVersion, response: Response
) -> ProductOut:
    """Change the fields named; all others stay."""
    LIST_PRICE.check(caller, patch)
    row = await commands.change(session, product_id, patch, caller.subject, _seen(seen))
    return ProductOut.of(row).tag(response)


@router.delete("/{product_id}")
async def archive_product(
    product_id: UUID, session: Session, caller: Writer, seen: SeenVersion, response: Response
) -> ProductOut:
    """Archive a product, here and in the other systems. Nothing is erased; `restore` brings it back."""
    return ProductOut.of(await commands.archive(session, product_id, caller.subject, _seen(seen))).tag(response)


@router.post("/{product_id}/restore")
async def restore_product(product_id: UUID, session: Session, caller: Writer, response: Response) -> ProductOut:
    """Take an archived product into use again."""
    return ProductOut.of(await commands.restore(session, product_id, caller.subject)).tag(response)


batches = APIRouter(tags=["products"], route_class=IdempotentRoute)


@batches.post("/v1/products:batch", openapi_extra=LIST_PRICE.openapi)
async def write_products(body: Batch, session: Session, caller: Writer) -> BatchResult:
    """Create and change up to 200 products; each item stands or falls alone, and has a result of its own."""

    async def create(fields: Mapping[str, Any]) -> Product:
        LIST_PRICE.check(caller, fields)
        return await commands.create(session, parsed(ProductBody, fields), caller.subject)

    async def change(product_id: UUID, patch: Mapping[str, Any], seen: Seen) -> Product:
        LIST_PRICE.check(caller, patch)
        return await commands.change(session, product_id, patch, caller.subject, _seen(seen))

    await creating(session, PRODUCT)
    await queries.rows(session, body.ids, [])
    return await batch.write(session, body.items, create, change)


def _seen(seen: Seen) -> commands.Check:
    return lambda row: seen.check(row.version, ProductOut.of(row))
