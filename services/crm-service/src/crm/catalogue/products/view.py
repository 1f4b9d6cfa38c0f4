"""Answers that combine several tables of the catalogue."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from crm.catalogue.products import queries
from crm.catalogue.products.models import ListEntry, PriceList, Product
from crm.catalogue.products.schemas import ListEntryOut, ProductOut, Stock


async def with_stock(session: AsyncSession, rows: Sequence[Product]) -> list[ProductOut]:
    """Products with their stock."""
    found = await queries.availability(session, [row.id for row in rows])
    stock = {
        product_id: Stock(on_hand=each.on_hand, reserved=each.reserved, available=each.available, as_of=each.updated_at)
        for product_id, each in found.items()
    }
    return [ProductOut.of(row, availability=stock.get(row.id)) for row in rows]


async def in_list_currency(session: AsyncSession, rows: Sequence[ListEntry]) -> list[ListEntryOut]:
    """Entries of price lists, in the currency of their lists."""
    wanted = select(PriceList.id, PriceList.currency).where(PriceList.id.in_({row.price_list_id for row in rows}))
    currencies = {each.id: each.currency for each in await session.execute(wanted)}
    return [ListEntryOut.of(row, currency=currencies[row.price_list_id]) for row in rows]
