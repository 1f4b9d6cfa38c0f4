"""Rules of products, prices and tax rates that need the database."""

from typing import Any
from uuid import UUID

import numbering
from chassis import clock
from chassis.errors import Conflict
from contracts.normalise import sku_key
from contracts.product import ProductKind
from records import ReferenceUnknown
from sqlalchemy import ColumnElement, exists, func, inspect, select
from sqlalchemy.ext.asyncio import AsyncSession

from erp.catalogue.products import queries
from erp.catalogue.products.models import Component, Declared, Price, PriceList, Product, TaxRateRow
from erp.catalogue.products.rules import SKUS


class ProductNumberTaken(Conflict):
    code = "product-number-taken"
    title = "Another product has this number"
    detail = "The {field} {value} belongs to the product {id}, {name}."
    hint = "Change that product, or use another number. An archived product keeps its numbers: restore it."


class KitInKit(Conflict):
    code = "kit-in-kit"
    title = "A kit consists of goods and services, not of kits"
    detail = "{name} ({id}) is a kit, or a component of one."
    hint = "List the components of that kit instead."


class DeclaredTwice(Conflict):
    code = "declared-twice"
    title = "This is declared already"
    detail = "{id} is declared for the same subject and the same first day."
    hint = "Change or archive that one, or choose another first day."


class CurrencyOfPrices(Conflict):
    code = "currency-of-prices"
    title = "The price list has prices in its currency"
    detail = "They are in {currency}."
    hint = "Declare another price list in the other currency."


async def product(session: AsyncSession, row: Product, values: dict[str, Any]) -> None:
    """Give a SKU to a product without one. Raises `ProductNumberTaken`, `ReferenceUnknown`, `KitInKit`."""
    await _numbers_are_free(session, row, values)
    if values["product_kind"] == ProductKind.KIT:
        await _components_fit(session, row, [UUID(each["product_id"]) for each in values["components"]])
    values["sku"] = values["sku"] or await next_sku(session)


async def price_list(session: AsyncSession, row: PriceList) -> None:
    """Raises `CurrencyOfPrices` when a list with prices would be in another currency."""
    (before, *_) = inspect(row).attrs.currency.history.deleted or [None]
    if before and await session.scalar(select(exists().where(Price.price_list_id == row.id))):
        raise CurrencyOfPrices(currency=before)


async def price(session: AsyncSession, row: Price) -> None:
    """Raises `DeclaredTwice`."""
    row.currency = (await session.get_one(PriceList, row.price_list_id)).currency
    await _there_once(
        session,
        row,
        Price.price_list_id == row.price_list_id,
        Price.product_id == row.product_id,
        Price.min_quantity == row.min_quantity,
        Price.valid_from.is_not_distinct_from(row.valid_from),
    )


async def tax_rate(session: AsyncSession, row: TaxRateRow) -> None:
    """Raises `DeclaredTwice`."""
    await _there_once(
        session,
        row,
        TaxRateRow.country == row.country,
        TaxRateRow.tax_class == row.tax_class,
        TaxRateRow.valid_from.is_not_distinct_from(row.valid_from),
    )


async def next_sku(session: AsyncSession) -> str:
    """The next generated number that no product has."""
    while True:
        sku = await numbering.take(session, SKUS, clock.today())
        if not await queries.numbered(session, sku, None):
            return sku


async def _numbers_are_free(session: AsyncSession, row: Product, values: dict[str, Any]) -> None:
    sku, gtin = values["sku"], values["gtin"]
    for other in await queries.numbered(session, sku, gtin):
        if other.id != row.id:
            same_sku = sku is not None and other.sku_key == sku_key(sku)
            field, value = ("sku", sku) if same_sku else ("gtin", gtin)
            raise ProductNumberTaken(
                field=field, value=value, id=other.id, name=other.name, archived=other.archived_at is not None
            )


async def _components_fit(session: AsyncSession, row: Product, wanted: list[UUID]) -> None:
    found = {each.id: each for each in await session.scalars(select(Product).where(Product.id.in_(wanted)))}
    for number, product_id in enumerate(wanted):
        if product_id not in found:
            raise ReferenceUnknown(kind="product", id=product_id, field=f"components[{number}].product_id")
        if product_id == row.id or found[product_id].product_kind == ProductKind.KIT:
            field = f"components[{number}].product_id"
            raise KitInKit(id=product_id, name=found[product_id].name, field=field)
    if row.id and await session.scalar(select(func.count()).where(Component.product_id == row.id)):
        raise KitInKit(id=row.id, name=row.name)


async def _there_once(session: AsyncSession, row: Declared, *same: ColumnElement[bool]) -> None:
    """A unique index enforces the same; this check names the existing row."""
    model = type(row)
    others = select(model.id).where(*same, model.archived_at.is_(None), model.id.is_distinct_from(row.id))
    other = await session.scalar(others)
    if other is not None:
        raise DeclaredTwice(id=other)
