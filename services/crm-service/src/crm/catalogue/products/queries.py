"""Named reads of the catalogue. Prices and rates are resolved here alone, from what the ERP last declared."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from chassis.errors import NotFound
from chassis.pages import Sorting
from contracts.normalise import gtin_key, name_key, sku_key
from contracts.pricing import NoTaxRate, Offer, Question, tax_rate_for
from contracts.product import TaxRate
from records import reads
from sqlalchemy import Select, and_, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from crm.catalogue.products.models import Availability, DeclaredRate, ListEntry, PriceList, Product
from crm.catalogue.products.rules import CachedAnswer, CachedOffer, NoTaxRateKnown, PriceTag
from crm.catalogue.products.schemas import PriceFilters, PriceListFilters, ProductFilters, TaxRateFilters
from crm.parties.customers.records import CUSTOMERS

ORDERS = Sorting(
    {
        "name": Product.name,
        "sku": Product.sku_key,
        "category": Product.category,
        "created_at": Product.created_at,
        "updated_at": Product.updated_at,
    },
    Product.id,
    "name",
)


async def by_id(session: AsyncSession, product_id: UUID) -> Product:
    """One product, archived or not. Raise `NotFound`."""
    return await _one(session, select(Product).where(Product.id == product_id), product_id)


async def for_update(session: AsyncSession, product_id: UUID) -> Product:
    """One product, locked until the transaction ends. Raise `NotFound`."""
    return await _one(session, _locked().where(Product.id == product_id), product_id)


async def rows(session: AsyncSession, ids: Sequence[UUID], canonical_ids: Sequence[UUID]) -> Sequence[Product]:
    """Products by local or shared id, locked in the order of their ids so that two batches never wait in a ring."""
    either = or_(Product.id.in_(ids), Product.canonical_id.in_(canonical_ids))
    return (await session.scalars(_locked().where(either).order_by(Product.id))).all()


def copies_of(model: type[Any]) -> Callable[[AsyncSession, Sequence[UUID], Sequence[UUID]], Awaitable[Sequence[Any]]]:
    """The reader of records of one kind by local or shared id, locked in the order of their ids."""

    async def found(session: AsyncSession, ids: Sequence[UUID], canonical_ids: Sequence[UUID]) -> Sequence[Any]:
        either = or_(model.id.in_(ids), model.canonical_id.in_(canonical_ids))
        statement = select(model).where(either).order_by(model.id).with_for_update()
        return (await session.scalars(statement.execution_options(populate_existing=True))).all()

    return found


async def products_by_ids(session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, Product]:
    """Products by id, archived or not; those that are not here are left out."""
    found = await session.scalars(select(Product).where(Product.id.in_(ids)))
    return {row.id: row for row in found}


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


def search(filters: ProductFilters) -> Select[Any]:
    """The products that every filter takes, each with its stock or None."""
    stock = and_(Availability.product_id == Product.id, Availability.archived_at.is_(None))
    statement: Select[Any] = select(Product).add_columns(Availability).outerjoin(Availability, stock)
    for word in name_key(filters.q or "").split():
        statement = statement.where(Product.search.contains(word, autoescape=True))
    equal = {
        Product.canonical_id: filters.canonical_id,
        Product.category: filters.category,
        Product.product_kind: filters.product_kind,
        Product.tax_class: filters.tax_class,
        Product.sku_key: filters.sku and sku_key(filters.sku),
        Product.gtin_key: filters.gtin and gtin_key(filters.gtin),
    }
    statement = statement.where(*(column == value for column, value in equal.items() if value is not None))
    if filters.available is not None:
        in_stock = func.coalesce(Availability.available, 0) > 0
        statement = statement.where(in_stock if filters.available else ~in_stock)
    if filters.updated_since is not None:
        statement = statement.where(Product.updated_at >= filters.updated_since)
    if filters.archived != "any":
        archived = Product.archived_at.is_not(None)
        statement = statement.where(archived if filters.archived == "true" else ~archived)
    return statement


PRICE_LIST_ORDERS = Sorting({"name": PriceList.name, "valid_from": PriceList.valid_from}, PriceList.id, "name")


def price_lists(filters: PriceListFilters) -> Select[Any]:
    """The price lists in use that every filter takes."""
    statement = select(PriceList).where(PriceList.archived_at.is_(None))
    equal = {
        PriceList.customer_id: filters.customer_id,
        PriceList.customer_group: filters.customer_group,
        PriceList.currency: filters.currency,
    }
    return statement.where(*(column == value for column, value in equal.items() if value is not None))


PRICE_ORDERS = Sorting(
    {"product": Product.name, "amount": ListEntry.amount, "updated_at": ListEntry.updated_at}, ListEntry.id, "product"
)


def prices(filters: PriceFilters) -> Select[Any]:
    """The entries of price lists in use that every filter takes, each with its list."""
    statement: Select[Any] = (
        select(ListEntry)
        .add_columns(PriceList)
        .join(PriceList, PriceList.id == ListEntry.price_list_id)
        .join(Product, Product.id == ListEntry.product_id)
        .where(ListEntry.archived_at.is_(None), PriceList.archived_at.is_(None))
    )
    equal = {ListEntry.product_id: filters.product_id, ListEntry.price_list_id: filters.price_list_id}
    return statement.where(*(column == value for column, value in equal.items() if value is not None))


TAX_RATE_ORDERS = Sorting(
    {
        "country": DeclaredRate.country,
        "tax_class": DeclaredRate.tax_class,
        "rate": DeclaredRate.rate,
        "valid_from": DeclaredRate.valid_from,
    },
    DeclaredRate.id,
    "country,tax_class",
)


def declared_rates(filters: TaxRateFilters) -> Select[Any]:
    """The tax rates that every filter takes."""
    statement = select(DeclaredRate).where(DeclaredRate.archived_at.is_(None))
    equal = {DeclaredRate.country: filters.country, DeclaredRate.tax_class: filters.tax_class}
    return statement.where(*(column == value for column, value in equal.items() if value is not None))


async def categories(session: AsyncSession) -> list[tuple[str | None, int]]:
    """The groups of products in use with how many each has, by name; None holds those of no group."""
    statement = (
        select(Product.category, func.count())
        .where(Product.archived_at.is_(None))
        .group_by(Product.category)
        .order_by(Product.category.asc().nulls_last())
    )
    return [(category, count) for category, count in await session.execute(statement)]


def _locked() -> Select[Product]:
    return select(Product).with_for_update().execution_options(populate_existing=True)


async def _one(session: AsyncSession, statement: Select[Product], product_id: UUID) -> Product:
    found: Product | None = await session.scalar(statement)
    if found is None:
        raise NotFound(id=product_id)
    return found
