"""Prices as they are shown: in the currency of their lists."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from erp.catalogue.products.models import Price, PriceList
from erp.catalogue.products.schemas import PriceView


async def in_list_currency(session: AsyncSession, rows: Sequence[Price]) -> list[PriceView]:
    """Prices, each with the currency of its list."""
    wanted = select(PriceList.id, PriceList.currency).where(PriceList.id.in_({row.price_list_id for row in rows}))
    currencies = {each.id: each.currency for each in await session.execute(wanted)}
    return [PriceView.of(row, currency=currencies[row.price_list_id]) for row in rows]
