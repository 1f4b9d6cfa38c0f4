"""HTTP of products, prices and tax rates."""

from datetime import date
from typing import Annotated
from uuid import UUID

from catalogue.pricing import rate_for
from chassis.auth import requires
from chassis.db import Session
from chassis.errors import NotFound, Problem
from chassis.preconditions import IdempotentRoute
from contracts.product import TaxClass
from contracts.values import CountryCode
from fastapi import APIRouter, Query
from records import reads
from sqlalchemy.ext.asyncio import AsyncSession

from crm.catalogue.products import queries
from crm.catalogue.products.models import Product
from crm.catalogue.products.records import PRODUCTS, price_lists, prices, products, tax_rates
from crm.catalogue.products.rules import PriceTag, on_or_today
from crm.catalogue.products.schemas import (
    Basket,
    PriceOut,
    PriceQuestion,
    PriceResult,
    PriceResults,
    ProductGroup,
    ProductGroups,
    TaxAnswer,
)

READ, PRICED = requires("products:read"), requires("prices:read")
router = APIRouter(tags=["products"], route_class=IdempotentRoute)
routers = (products, router, price_lists, prices, tax_rates)


@router.get("/v1/products/{product_id}/price", dependencies=[PRICED])
async def read_price(product_id: UUID, session: Session, asked: Annotated[PriceQuestion, Query()]) -> PriceOut:
    """The price of one unit for a customer, by the copied price lists; no other system is called.

    A list of the customer precedes one of its group (its `segment`), which precedes one for everyone; any list precedes
    the list price.
    """
    product = await reads.by_id(session, PRODUCTS, product_id)
    tags = await queries.price_tags(session, [product], _asking(asked.customer_id))
    return await _price(session, product, tags[product.id], asked)


@router.post("/v1/prices:batch", dependencies=[PRICED])
async def read_prices(body: Basket, session: Session) -> PriceResults:
    """The prices of several products for one customer, in the order of the items; an item without a price has the
    reason."""
    products = await reads.by_ids(session, PRODUCTS, {item.product_id for item in body.items})
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


@router.get("/v1/product-groups", dependencies=[READ])
async def list_product_groups(session: Session) -> ProductGroups:
    """The product groups (`category`), with the number of active products in each."""
    found = await queries.categories(session)
    return ProductGroups(items=[ProductGroup(category=category, products=count) for category, count in found])


@router.get("/v1/tax-rates/holding", dependencies=[PRICED])
async def read_tax_rate(
    session: Session, tax_class: TaxClass, country: CountryCode | None = None, on: date | None = None
) -> TaxAnswer:
    """The tax rate of a class of products delivered in a country, on a date; exports are not taxed."""
    day = on_or_today(on)
    rate = rate_for(await queries.tax_rates(session), tax_class, country, day)
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
