"""Named reads of products, price lists, prices and tax rates."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from catalogue.pricing import answer_for
from contracts.normalise import gtin_key, sku_key
from contracts.pricing import Offer
from contracts.product import TaxRate
from lines.terms import Prices
from sqlalchemy import ColumnElement, exists, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from erp.catalogue.products.models import Price, PriceList, Product, TaxRateRow


async def twin(session: AsyncSession, values: Mapping[str, Any]) -> bool:
    """Whether an unlinked product has the same SKU or GTIN."""
    sku, gtin = values.get("sku"), values.get("gtin")
    unlinked = (Product.canonical_id.is_(None), Product.archived_at.is_(None))
    same = _same_number(sku, gtin)
    return bool(same) and bool(await session.scalar(select(exists().where(*unlinked, or_(*same)))))


async def numbered(session: AsyncSession, sku: str | None, gtin: str | None) -> Sequence[Product]:
    """The products (at most two) with this SKU or GTIN, archived ones included."""
    same = _same_number(sku, gtin)
    return (await session.scalars(select(Product).where(or_(*same)))).all() if same else []


def _same_number(sku: str | None, gtin: str | None) -> list[ColumnElement[bool]]:
    keys = {Product.sku_key: sku and sku_key(sku), Product.gtin_key: gtin and gtin_key(gtin)}
    return [column == key for column, key in keys.items() if key]


async def offers(session: AsyncSession, product_ids: Collection[UUID]) -> dict[UUID, list[Offer]]:
    """The active price list entries of products, for all dates, customers and quantities."""
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


async def prices(session: AsyncSession, products: Collection[Product], _customer_id: UUID | None) -> Prices:
    """The prices of these products."""
    found = await offers(session, {product.id for product in products}) if products else {}
    return lambda product, question: answer_for(product, question, found[product.id])


async def tax_rates(session: AsyncSession) -> list[TaxRate]:
    """Every active rate, for all dates."""
    found = await session.scalars(select(TaxRateRow).where(TaxRateRow.archived_at.is_(None)).order_by(TaxRateRow.id))
    return [row.declared for row in found]
