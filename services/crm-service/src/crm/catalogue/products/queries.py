"""Named reads of the catalogue. Only this module resolves prices and rates, from the last delivered values."""

from collections.abc import Collection, Mapping
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from contracts.normalise import gtin_key, sku_key
from contracts.pricing import Offer, Question
from contracts.product import TaxRate
from lines.terms import Prices
from records import reads
from sqlalchemy import ARRAY, Uuid, any_, bindparam, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from crm.catalogue.products.models import Availability, DeclaredRate, ListEntry, PriceList, Product
from crm.catalogue.products.rules import CachedOffer, PriceTag
from crm.parties.customers.records import CUSTOMERS


async def product_by_sku(session: AsyncSession, sku: str) -> Product | None:
    """The product with this number, case-insensitively."""
    found: Product | None = await session.scalar(select(Product).where(Product.sku_key == sku_key(sku)))
    return found


async def product_by_gtin(session: AsyncSession, gtin: str) -> Product | None:
    """The product with this trade number, with or without leading zeros."""
    found: Product | None = await session.scalar(select(Product).where(Product.gtin_key == gtin_key(gtin)))
    return found


async def twin(session: AsyncSession, values: Mapping[str, Any]) -> bool:
    """Whether an unlinked product has the same SKU or GTIN."""
    sku, gtin = values.get("sku"), values.get("gtin")
    keys = {Product.sku_key: sku and sku_key(sku), Product.gtin_key: gtin and gtin_key(gtin)}
    same = [column == key for column, key in keys.items() if key]
    return bool(same) and bool(await session.scalar(select(exists().where(Product.canonical_id.is_(None), or_(*same)))))


async def availability(session: AsyncSession, product_ids: Collection[UUID]) -> dict[UUID, Availability]:
    """The last delivered stock of products; products without stock data are omitted."""
    found = await session.scalars(
        select(Availability).where(Availability.product_id.in_(product_ids), Availability.archived_at.is_(None))
    )
    return {row.product_id: row for row in found}


# Built once: building a statement costs as much as sending it.
OFFERS = (
    select(ListEntry, PriceList)
    .join(PriceList, PriceList.id == ListEntry.price_list_id)
    .where(
        ListEntry.product_id == any_(bindparam("products", type_=ARRAY(Uuid()))),
        ListEntry.archived_at.is_(None),
        PriceList.archived_at.is_(None),
    )
)
OFFERS_TO_SOME = OFFERS.where(
    or_(
        PriceList.customer_id.is_(None),
        PriceList.customer_id == any_(bindparam("customers", type_=ARRAY(Uuid()))),
    )
)


async def price_tags(
    session: AsyncSession, products: Collection[Product], customer_ids: Collection[UUID] | None = None
) -> dict[UUID, PriceTag]:
    """The price data of these products, for any number of price questions.

    With `customer_ids`, price lists of other customers are omitted.
    """
    offers: dict[UUID, list[CachedOffer]] = {product.id: [] for product in products}
    wanted: dict[str, Any] = {"products": list(offers)}
    if customer_ids is not None:
        wanted["customers"] = list(customer_ids)
    for entry, price_list in await session.execute(OFFERS if customer_ids is None else OFFERS_TO_SOME, wanted):
        offer = Offer(price_list.id, price_list.terms, price_list.customer_id, entry.listed)
        as_of = max(entry.updated_at, price_list.updated_at)
        offers[entry.product_id].append(CachedOffer(offer, price_list.name, as_of))
    return {product.id: PriceTag(product, offers[product.id]) for product in products}


async def prices(session: AsyncSession, products: Collection[Product], customer_id: UUID) -> Prices:
    """The prices of these products for a customer, by the copied lists."""
    tags = await price_tags(session, products, [customer_id]) if products else {}
    return lambda product, question: tags[product.id].answer(question)


async def question(
    session: AsyncSession, customer_id: UUID | None, tag: PriceTag, quantity: Decimal, currency: str | None, on: date
) -> Question:
    """The price question of a customer; the customer's group is its segment. Raises `NotFound` for the customer.

    The default currency is the customer's, else that of the product's price.
    """
    customer = None
    if customer_id:
        customer = await reads.by_id(session, CUSTOMERS, customer_id)
    known = currency or (customer and customer.currency) or tag.currency
    return Question(customer_id, customer.segment if customer else None, quantity, known or "", on)


async def tax_rates(session: AsyncSession) -> list[TaxRate]:
    """Every declared rate, of all periods."""
    found = await session.scalars(select(DeclaredRate).where(DeclaredRate.archived_at.is_(None)))
    return [row.declared for row in found]


async def categories(session: AsyncSession) -> list[tuple[str | None, int]]:
    """The product groups with the number of active products in each, by name; None is the products without a group."""
    statement = (
        select(Product.category, func.count())
        .where(Product.archived_at.is_(None))
        .group_by(Product.category)
        .order_by(Product.category.asc().nulls_last())
    )
    return [(category, count) for category, count in await session.execute(statement)]
