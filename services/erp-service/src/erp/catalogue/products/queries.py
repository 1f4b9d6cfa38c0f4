"""Named reads of products, price lists, prices and tax rates."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

from chassis import gather
from chassis.errors import Conflict, NotFound
from chassis.pages import Sorting
from contracts.normalise import gtin_key, name_key, sku_key
from contracts.pricing import Answer, NoPrice, NoTaxRate, Offer, Question, price_for, tax_rate_for
from contracts.product import Price as Amount
from contracts.product import TaxRate
from sqlalchemy import ColumnElement, Select, and_, exists, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from erp.catalogue.products.models import Declared, Price, PriceList, Product, TaxRateRow
from erp.catalogue.products.schemas import PriceFilters, PriceListFilters, ProductFilters, TaxRateFilters

Row = TypeVar("Row", bound=Declared)

PRODUCTS = Sorting(
    {"name": Product.name, "sku": Product.sku, "created_at": Product.created_at, "updated_at": Product.updated_at},
    Product.id,
    "name",
)
PRICE_LISTS = Sorting({"name": PriceList.name, "updated_at": PriceList.updated_at}, PriceList.id, "name")
PRICES = Sorting({"updated_at": Price.updated_at, "min_quantity": Price.min_quantity}, Price.id, "updated_at")
TAX_RATES = Sorting(
    {"country": TaxRateRow.country, "tax_class": TaxRateRow.tax_class, "valid_from": TaxRateRow.valid_from},
    TaxRateRow.id,
    "country,tax_class,-valid_from",
)


class NoPriceKnown(Conflict):
    code = "no-price-known"
    title = "Nothing says what the product costs"
    detail = "There is no price of {name} in {currency} for {quantity} on {on}, and no list price in {currency}."
    hint = "Give the price with the line; or add one to a price list, or a list price to the product."


class NoTaxRateKnown(Conflict):
    code = "no-tax-rate-known"
    title = "Nothing says how the product is taxed"
    detail = "Tax is charged in {country}, but there is no rate for the class {tax_class} on {on}."
    hint = "Give the rate with the line; or declare it: POST /v1/tax-rates."


async def by_id(session: AsyncSession, product_id: UUID) -> Product:
    """One product, archived or not, with its components. Raise `NotFound`."""
    return await _product(session, _complete().where(Product.id == product_id), product_id)


async def by_ids(session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, Product]:
    """Products by id, archived or not, with their components; ids of nothing are left out."""

    async def read(missing: Collection[UUID]) -> list[tuple[UUID, Product]]:
        return [(row.id, row) for row in await session.scalars(_complete().where(Product.id.in_(missing)))]

    return await gather.each_once(session, "product", ids, read)


async def for_update(session: AsyncSession, product_id: UUID) -> Product:
    """One product, locked until the transaction ends. Raise `NotFound`."""
    return await _product(session, _locked().where(Product.id == product_id), product_id)


async def rows(session: AsyncSession, ids: Sequence[UUID], canonical_ids: Sequence[UUID]) -> Sequence[Product]:
    """Products by local or shared id, locked in the order of their ids so that two batches never wait in a ring."""
    either = or_(Product.id.in_(ids), Product.canonical_id.in_(canonical_ids))
    return (await session.scalars(_locked().where(either).order_by(Product.id))).all()


async def twin(session: AsyncSession, values: Mapping[str, Any]) -> bool:
    """Whether a product that no other system knows yet has the same SKU or GTIN."""
    sku, gtin = values.get("sku"), values.get("gtin")
    unlinked = (Product.canonical_id.is_(None), Product.archived_at.is_(None))
    same = _same_number(sku, gtin)
    return bool(same) and bool(await session.scalar(select(exists().where(*unlinked, or_(*same)))))


async def numbered(session: AsyncSession, sku: str | None, gtin: str | None) -> Sequence[Product]:
    """The products, at most two, that have this SKU or this GTIN; archived ones keep theirs."""
    same = _same_number(sku, gtin)
    return (await session.scalars(select(Product).where(or_(*same)))).all() if same else []


def _same_number(sku: str | None, gtin: str | None) -> list[ColumnElement[bool]]:
    keys = {Product.sku_key: sku and sku_key(sku), Product.gtin_key: gtin and gtin_key(gtin)}
    return [column == key for column, key in keys.items() if key]


def search(filters: ProductFilters) -> Select[Product]:
    """The products that every filter takes."""
    statement = _complete()
    if filters.q:
        words = (Product.search.contains(word, autoescape=True) for word in name_key(filters.q).split())
        statement = statement.where(or_(and_(true(), *words), Product.sku_key == sku_key(filters.q.strip())))
    equal = {
        Product.canonical_id: filters.canonical_id,
        Product.sku_key: filters.sku and sku_key(filters.sku.strip()),
        Product.gtin_key: filters.gtin and gtin_key(filters.gtin.strip()),
        Product.product_kind: filters.product_kind,
        Product.category: filters.category,
        Product.tax_class: filters.tax_class,
    }
    statement = statement.where(*(column == value for column, value in equal.items() if value is not None))
    if filters.updated_since is not None:
        statement = statement.where(Product.updated_at >= filters.updated_since)
    return statement.where(*_in_use(Product, filters.archived))


async def offers(session: AsyncSession, product_ids: Collection[UUID]) -> dict[UUID, list[Offer]]:
    """What price lists in use say of products, whatever the day, the customer and the quantity."""
    statement = (
        select(Price, PriceList)
        .join(PriceList, PriceList.id == Price.price_list_id)
        .where(Price.product_id.in_(product_ids), Price.archived_at.is_(None), PriceList.archived_at.is_(None))
        .order_by(Price.id)
    )
    found: dict[UUID, list[Offer]] = {product_id: [] for product_id in product_ids}
    for price, price_list in await session.execute(statement):
        found[price.product_id].append(Offer(price_list.id, price_list.terms, price_list.customer_id, price.listed))
    return found


async def price_of(session: AsyncSession, product: Product, question: Question) -> Answer:
    """What one unit of the product costs, and which price list says so. Raise `NoPriceKnown`."""
    said = (await offers(session, [product.id]))[product.id]
    try:
        return _answer(product, question, said)
    except NoPrice:
        raise NoPriceKnown(
            product_id=product.id,
            name=product.name,
            currency=question.currency,
            quantity=question.quantity,
            on=question.on,
        ) from None


async def catalogue_prices(session: AsyncSession, asked: Sequence[tuple[Product, Question]]) -> list[Decimal | None]:
    """What one unit costs by price lists and list price, for each question; None where nothing says it."""
    said = await offers(session, {product.id for product, _ in asked})
    found: list[Decimal | None] = []
    for product, question in asked:
        try:
            found.append(_answer(product, question, said[product.id]).amount)
        except NoPrice:
            found.append(None)
    return found


def _answer(product: Product, question: Question, said: Sequence[Offer]) -> Answer:
    """The price by this product's offers and its list price. Raise `NoPrice`."""
    list_price = Amount.model_validate(product.list_price) if product.list_price else None
    return price_for(question, said, list_price)


async def tax_rates(session: AsyncSession) -> list[TaxRate]:
    """Every rate in use, whatever the day."""
    found = await session.scalars(select(TaxRateRow).where(TaxRateRow.archived_at.is_(None)).order_by(TaxRateRow.id))
    return [row.declared for row in found]


async def tax_rate_of(session: AsyncSession, tax_class: str, country: str | None, on: date) -> Decimal:
    """The rate on a class in the country of delivery. Raise `NoTaxRateKnown`."""
    try:
        return tax_rate_for(await tax_rates(session), tax_class, country, on)
    except NoTaxRate:
        raise NoTaxRateKnown(tax_class=tax_class, country=country, on=on) from None


def price_lists(filters: PriceListFilters) -> Select[PriceList]:
    """The price lists that every filter takes."""
    statement = select(PriceList)
    equal = {
        PriceList.canonical_id: filters.canonical_id,
        PriceList.customer_id: filters.customer_id,
        PriceList.customer_group: filters.customer_group,
        PriceList.currency: filters.currency,
    }
    statement = statement.where(*(column == value for column, value in equal.items() if value is not None))
    return statement.where(*_in_use(PriceList, filters.archived))


def prices(filters: PriceFilters) -> Select[Price]:
    """The prices that every filter takes."""
    statement = select(Price)
    equal = {
        Price.canonical_id: filters.canonical_id,
        Price.price_list_id: filters.price_list_id,
        Price.product_id: filters.product_id,
    }
    statement = statement.where(*(column == value for column, value in equal.items() if value is not None))
    return statement.where(*_in_use(Price, filters.archived))


def rates(filters: TaxRateFilters) -> Select[TaxRateRow]:
    """The tax rates that every filter takes."""
    statement = select(TaxRateRow)
    equal = {
        TaxRateRow.canonical_id: filters.canonical_id,
        TaxRateRow.country: filters.country,
        TaxRateRow.tax_class: filters.tax_class,
    }
    statement = statement.where(*(column == value for column, value in equal.items() if value is not None))
    return statement.where(*_in_use(TaxRateRow, filters.archived))


async def declared(session: AsyncSession, model: type[Row], row_id: UUID, *, lock: bool = False) -> Row:
    """One price list, price or tax rate. Raise `NotFound`."""
    statement = select(model).where(model.id == row_id)
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    found = await session.scalar(statement)
    if found is None:
        raise NotFound(id=row_id)
    return found


def rows_of(model: type[Row]) -> Any:
    """The `rows` of a kind that only the ERP declares."""

    async def rows(session: AsyncSession, ids: Sequence[UUID], canonical_ids: Sequence[UUID]) -> Sequence[Row]:
        either = or_(model.id.in_(ids), model.canonical_id.in_(canonical_ids))
        statement = select(model).where(either).order_by(model.id).with_for_update()
        return (await session.scalars(statement.execution_options(populate_existing=True))).all()

    return rows


def _in_use(model: type[Product | Declared], archived: str) -> Sequence[ColumnElement[bool]]:
    present = model.archived_at.is_(None)
    return {"any": [], "true": [~present], "false": [present]}[archived]


def _complete() -> Select[Product]:
    return select(Product).options(selectinload(Product.components))


def _locked() -> Select[Product]:
    return _complete().with_for_update().execution_options(populate_existing=True)


async def _product(session: AsyncSession, statement: Select[Product], product_id: UUID) -> Product:
    found = await session.scalar(statement)
    if found is None:
        raise NotFound(id=product_id)
    return found
