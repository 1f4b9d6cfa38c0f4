"""HTTP of products, of what they cost, and how they are taxed."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from chassis import batch
from chassis.auth import Principal, requires
from chassis.batch import Batch, BatchResult
from chassis.db import Session
from chassis.errors import NotFound, Problem
from chassis.pages import Page, Paging
from chassis.patch import JsonPatch, parsed
from chassis.preconditions import IdempotentRoute, Seen, SeenVersion
from chassis.replication import creating
from contracts.product import TaxClass
from contracts.values import CountryCode
from fastapi import APIRouter, Query, Response
from sqlalchemy.ext.asyncio import AsyncSession

from crm.catalogue.products import commands, queries
from crm.catalogue.products.events import PRODUCT
from crm.catalogue.products.models import Availability, Product
from crm.catalogue.products.rules import PriceTag, on_or_today
from crm.catalogue.products.schemas import (
    Basket,
    ListEntryOut,
    PriceFilters,
    PriceListFilters,
    PriceListOut,
    PriceOut,
    PriceQuestion,
    PriceResult,
    PriceResults,
    ProductBody,
    ProductFilters,
    ProductGroup,
    ProductGroups,
    ProductOut,
    Stock,
    TaxAnswer,
    TaxRateFilters,
    TaxRateOut,
)

router = APIRouter(prefix="/v1/products", tags=["products"], route_class=IdempotentRoute)
READ = requires("products:read")
PRICES = requires("prices:read")
Writer = Annotated[Principal, requires("products:write")]


@router.post("", status_code=201)
async def create_product(body: ProductBody, session: Session, caller: Writer, response: Response) -> ProductOut:
    """Enter a product. It stands in the ERP a moment later, which gives it its prices and its stock."""
    row = await commands.create(session, body, caller.subject)
    response.headers["Location"] = f"{router.prefix}/{row.id}"
    return _shown(row, None).tag(response)


@router.get("", dependencies=[READ])
async def list_products(
    session: Session, paging: Paging, filters: Annotated[ProductFilters, Query()]
) -> Page[ProductOut]:
    """Products with stock and list price, by name unless `sort` says otherwise (sku, category, ..._at)."""
    return await paging.page(session, queries.search(filters), queries.ORDERS, _listed)


@router.get("/{product_id}", dependencies=[READ])
async def read_product(product_id: UUID, session: Session, response: Response) -> ProductOut:
    """One product, archived or not, with the `ETag` to change it."""
    return (await _with_stock(session, await queries.by_id(session, product_id))).tag(response)


@router.patch("/{product_id}")
async def change_product(
    product_id: UUID, patch: JsonPatch, session: Session, caller: Writer, seen: SeenVersion, response: Response
) -> ProductOut:
    """Change the fields named; all others stay. What the ERP keeps is changed there."""
    row = await commands.change(session, product_id, patch, caller.subject, _seen(seen))
    return (await _with_stock(session, row)).tag(response)


@router.delete("/{product_id}")
async def archive_product(
    product_id: UUID, session: Session, caller: Writer, seen: SeenVersion, response: Response
) -> ProductOut:
    """Archive a product, here and in the other systems. Nothing is erased; `restore` brings it back."""
    row = await commands.archive(session, product_id, caller.subject, _seen(seen))
    return (await _with_stock(session, row)).tag(response)


@router.post("/{product_id}/restore")
async def restore_product(product_id: UUID, session: Session, caller: Writer, response: Response) -> ProductOut:
    """Take an archived product into use again."""
    row = await commands.restore(session, product_id, caller.subject)
    return (await _with_stock(session, row)).tag(response)


@router.get("/{product_id}/price", dependencies=[PRICES])
async def read_price(product_id: UUID, session: Session, asked: Annotated[PriceQuestion, Query()]) -> PriceOut:
    """What a customer pays for one unit, by the price lists that are cached here: it needs no other system.

    A list of the customer comes before one of its group (its `segment`), that before one for everyone, and any list
    before the list price.
    """
    product = await queries.by_id(session, product_id)
    tags = await queries.price_tags(session, [product], _asking(asked.customer_id))
    return await _price(session, product, tags[product.id], asked)


batches = APIRouter(tags=["products"], route_class=IdempotentRoute)


@batches.post("/v1/products:batch")
async def write_products(body: Batch, session: Session, caller: Writer) -> BatchResult:
    """Create and change up to 200 products; each item stands or falls alone, and has a result of its own."""
    await creating(session, PRODUCT)
    await queries.rows(session, body.ids, [])
    return await batch.write(
        session,
        body.items,
        lambda fields: commands.create(session, parsed(ProductBody, fields), caller.subject),
        lambda product_id, patch, seen: commands.change(session, product_id, patch, caller.subject, _seen(seen)),
    )


@batches.post("/v1/prices:batch", dependencies=[PRICES])
async def read_prices(body: Basket, session: Session) -> PriceResults:
    """The prices of several products for one customer, in the order of the items; an item without one says why."""
    products = await queries.products_by_ids(session, {item.product_id for item in body.items})
    tags = await queries.price_tags(session, products.values(), _asking(body.customer_id))
    results = []
    for item in body.items:
        asked = PriceQuestion(customer_id=body.customer_id, quantity=item.quantity, currency=body.currency, on=body.on)
        try:
            if item.product_id not in products:
                raise NotFound(id=item.product_id)
            product = products[item.product_id]
            results.append(PriceResult(price=await _price(session, product, tags[product.id], asked)))
        except Problem as problem:
            results.append(PriceResult(problem=problem.document()))
    return PriceResults(items=results)


@batches.get("/v1/product-groups", dependencies=[READ])
async def list_product_groups(session: Session) -> ProductGroups:
    """The groups of products (their `category`), with how many products in use each has."""
    found = await queries.categories(session)
    return ProductGroups(items=[ProductGroup(category=category, products=count) for category, count in found])


@batches.get("/v1/price-lists", dependencies=[PRICES])
async def list_price_lists(
    session: Session, paging: Paging, filters: Annotated[PriceListFilters, Query()]
) -> Page[PriceListOut]:
    """The ERP's price lists, as they were last delivered; read-only."""
    return await paging.page(
        session, queries.price_lists(filters), queries.PRICE_LIST_ORDERS, lambda row: PriceListOut.of(row[0])
    )


@batches.get("/v1/prices", dependencies=[PRICES])
async def list_prices(
    session: Session, paging: Paging, filters: Annotated[PriceFilters, Query()]
) -> Page[ListEntryOut]:
    """What stands in the price lists, by product unless `sort` says otherwise (amount, updated_at); read-only."""
    return await paging.page(session, queries.prices(filters), queries.PRICE_ORDERS, _entry)


@batches.get("/v1/tax-rates", dependencies=[PRICES])
async def list_tax_rates(
    session: Session, paging: Paging, filters: Annotated[TaxRateFilters, Query()]
) -> Page[TaxRateOut]:
    """The declared rates of all times, by country and class; read-only."""
    return await paging.page(
        session, queries.declared_rates(filters), queries.TAX_RATE_ORDERS, lambda row: TaxRateOut.of(row[0])
    )


@batches.get("/v1/tax-rates/holding", dependencies=[PRICES])
async def read_tax_rate(
    session: Session, tax_class: TaxClass, country: CountryCode | None = None, on: date | None = None
) -> TaxAnswer:
    """The rate on a class of products that are delivered in a country, on a day; none is charged on exports."""
    day = on_or_today(on)
    rate = await queries.tax_rate_of(session, tax_class, country, day)
    return TaxAnswer(country=country, tax_class=tax_class, on=day, rate=rate)


async def _price(session: AsyncSession, product: Product, tag: PriceTag, asked: PriceQuestion) -> PriceOut:
    on = on_or_today(asked.on)
    question = await queries.question(session, asked.customer_id, tag, asked.quantity, asked.currency, on)
    found = tag.answer(question)
    return PriceOut(
        product_id=product.id,
        quantity=asked.quantity,
        unit=product.unit,
        amount=found.amount,
        currency=found.currency,
        on=on,
        price_list_id=found.price_list_id,
        price_list=found.price_list,
        as_of=found.as_of,
    )


def _asking(customer_id: UUID | None) -> list[UUID]:
    return [customer_id] if customer_id else []


async def _with_stock(session: AsyncSession, row: Product) -> ProductOut:
    return _shown(row, (await queries.availability(session, [row.id])).get(row.id))


def _listed(row: Any) -> ProductOut:
    return _shown(row[0], row[1])


def _entry(row: Any) -> ListEntryOut:
    return ListEntryOut.of(row[0], currency=row[1].currency)


def _shown(row: Product, stock: Availability | None) -> ProductOut:
    shown: Any = stock and Stock(
        on_hand=stock.on_hand, reserved=stock.reserved, available=stock.available, as_of=stock.updated_at
    )
    return ProductOut.of(row, availability=shown)


def _seen(seen: Seen) -> commands.Check:
    return lambda row: seen.check(row.version, _shown(row, None))
