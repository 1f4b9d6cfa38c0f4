"""Reads a row of a CSV file as a product."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from chassis.patch import parsed
from contracts.product import UnitPrice
from contracts.values import CurrencyCode
from importing import Target
from pydantic import BaseModel, ConfigDict
from records import writes
from sqlalchemy.ext.asyncio import AsyncSession

from erp.catalogue.products.models import Product
from erp.catalogue.products.records import PRODUCTS
from erp.catalogue.products.schemas import ProductBody
from erp.ledger import queries as ledger


class ImportedPrice(BaseModel):
    """A price of a file: its default currency is the company's."""

    model_config = ConfigDict(extra="forbid")

    amount: UnitPrice
    currency: CurrencyCode | None = None


class ProductRow(ProductBody):
    """A product of a file."""

    list_price: ImportedPrice | None = None  # type: ignore[assignment]  # becomes a Price before anybody sees it


async def _create(session: AsyncSession, row: ProductRow, actor: str) -> Product:
    document = await _with_currency(session, row.model_dump(mode="json"))
    return await writes.create(session, PRODUCTS, parsed(ProductBody, document), actor)


async def _change(
    session: AsyncSession, product_id: UUID, patch: Mapping[str, Any], actor: str, seen: Callable[[Any], None]
) -> Product:
    return await writes.change(session, PRODUCTS, product_id, await _with_currency(session, patch), actor, seen)


async def _with_currency(session: AsyncSession, document: Mapping[str, Any]) -> dict[str, Any]:
    price = document.get("list_price")
    if not price or price.get("currency"):
        return dict(document)
    return {**document, "list_price": {**price, "currency": (await ledger.company(session)).currency}}


IMPORTS = Target.of(PRODUCTS, shape=ProductRow, create=_create, change=_change)
