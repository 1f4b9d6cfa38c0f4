"""Named reads of the catalogue. Prices and rates are resolved here alone, from what the ERP last declared."""

from collections.abc import Collection, Mapping
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from contracts.normalise import gtin_key, sku_key
from contracts.pricing import NoTaxRate, Offer, Question, tax_rate_for
from contracts.product import TaxRate
from records import reads
from sqlalchemy import exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from crm.catalogue.products.models import Availability, DeclaredRate, ListEntry, PriceList, Product
from crm.catalogue.products.rules import CachedAnswer, CachedOffer, NoTaxRateKnown, PriceTag
from crm.parties.customers.records import CUSTOMERS


async def product_by_sku(session: AsyncSession, sku: str) -> Product | None:
    """The product with this number; letter case does not count."""
    found: Product | None = await session.scalar(select(Product).where(Product.sku_key == sku_key(sku)))
    return found


async def product_by_gtin(session: AsyncSession, gtin: str) -> Product | None:
    """The product with this trade number, whether it is written with leading zeros or without."""
    found: Product | None = await session.scalar(select(Product).where(Product.gtin_key == gtin_key(gtin)))
    return found


async def twin(session: AsyncSession, values: Mapping[str, Any]) -> bool:
    """Whether a product that no other system knows yet has the same SKU or GTIN."""
    sku, gtin = values.get("sku"), values.get("gtin")
    keys = {Product.sku_key: sku and sku_key(sku), Product.gtin_key: gtin and gtin_key(gtin)}
    same = [column == key for column, key in keys.items() if key]
    return bool(same) and bool(await session.scalar(select(exists().where(Product.canonical_id.is_(None), or_(*same)))))


async def availability(session: AsyncSession, product_ids: Collection[UUID]) -> dict[UUID, Availability]:
    """The stock of products, as the ERP last told it; products that it told nothing of are left out."""
    found = await session.scalars(
        select(Availability).where(Availability.product_id.in_(product_ids), Availability.archived_at.is_(None))
    )
    return {row.product_id: row for row in found}


async def price_tags(
    session: AsyncSession, products: Collection[Product], customer_ids: Collection[UUID] | None = None
) -> dict[UUID, PriceTag]:
    """All that is known of what these products cost: ask each tag as many questions as there are.

    With `customer_ids`, price lists of other customers are left out.
    """
    offers: dict[UUID, list[CachedOffer]] = {product.id: [] for product in products}
    statement = (
        select(ListEntry, PriceList)
        .join(PriceList, PriceList.id == ListEntry.price_list_id)
        .where(ListEntry.product_id.in_(offers), ListEntry.archived_at.is_(None), PriceList.archived_at.is_(None))
    )
    if customer_ids is not None:
        theirs = PriceList.customer_id.in_(customer_ids)
        statement = statement.where(or_(PriceList.customer_id.is_(None), theirs))
    for entry, price_list in await session.execute(statement):
        offer = Offer(price_list.id, price_list.terms, price_list.customer_id, entry.listed)
        as_of = max(entry.updated_at, price_list.updated_at)
        offers[entry.product_id].append(CachedOffer(offer, price_list.name, as_of))
    return {
        product.id: PriceTag(product.id, product.name, product.listed, offers[product.id], product.updated_at)
        for product in products
    }


async def price_of(session: AsyncSession, product: Product, question: Question) -> CachedAnswer:
    """What the product costs, by the cached lists. Raise `NoPriceKnown`.

    For several products take `price_tags` once.
    """
    asked_by = [question.customer_id] if question.customer_id else []
    return (await price_tags(session, [product], asked_by))[product.id].answer(question)


async def question(
    session: AsyncSession, customer_id: UUID | None, tag: PriceTag, quantity: Decimal, currency: str | None, on: date
) -> Question:
    """What a customer asks of a price; a customer's group is its segment. Raise `NotFound` for the customer.

    Without a currency it is the customer's, else the one in which the product is priced.
    """
    customer = None
    if customer_id:
        customer = await reads.by_id(session, CUSTOMERS, customer_id)
    known = currency or (customer and customer.currency) or tag.currency
    return Question(customer_id, customer.segment if customer else None, quantity, known or "", on)


async def tax_rates(session: AsyncSession) -> list[TaxRate]:
    """Every declared rate, of all times."""
    found = await session.scalars(select(DeclaredRate).where(DeclaredRate.archived_at.is_(None)))
    return [row.declared for row in found]


async def tax_rate_of(session: AsyncSession, tax_class: str, country: str | None, on: date) -> Decimal:
    """The rate on a class in the country of delivery, a fraction. Raise `NoTaxRateKnown`."""
    try:
        return tax_rate_for(await tax_rates(session), tax_class, country, on)
    except NoTaxRate:
        raise NoTaxRateKnown(tax_class=tax_class, country=country, on=on) from None


async def categories(session: AsyncSession) -> list[tuple[str | None, int]]:
    """The groups of products in use with how many each has, by name; None holds those of no group."""
    statement = (
        select(Product.category, func.count())
        .where(Product.archived_at.is_(None))
        .group_by(Product.category)
        .order_by(Product.category.asc().nulls_last())
    )
    return [(category, count) for category, count in await session.execute(statement)]
