"""Named reads of products, price lists, prices and tax rates."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from chassis.errors import Conflict
from contracts.normalise import gtin_key, sku_key
from contracts.pricing import Answer, NoPrice, NoTaxRate, Offer, Question, price_for, tax_rate_for
from contracts.product import Price as Amount
from contracts.product import TaxRate
from sqlalchemy import ColumnElement, exists, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from erp.catalogue.products.models import Price, PriceList, Product, TaxRateRow


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
    """What one unit of the product costs, and which price list says so. Raises `NoPriceKnown`."""
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
    """The price by this product's offers and its list price. Raises `NoPrice`."""
    list_price = Amount.model_validate(product.list_price) if product.list_price else None
    return price_for(question, said, list_price)


async def tax_rates(session: AsyncSession) -> list[TaxRate]:
    """Every rate in use, whatever the day."""
    found = await session.scalars(select(TaxRateRow).where(TaxRateRow.archived_at.is_(None)).order_by(TaxRateRow.id))
    return [row.declared for row in found]


async def tax_rate_of(session: AsyncSession, tax_class: str, country: str | None, on: date) -> Decimal:
    """The rate on a class in the country of delivery. Raises `NoTaxRateKnown`."""
    try:
        return tax_rate_for(await tax_rates(session), tax_class, country, on)
    except NoTaxRate:
        raise NoTaxRateKnown(tax_class=tax_class, country=country, on=on) from None
