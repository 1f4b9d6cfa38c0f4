"""Rules of products that need the database."""

from typing import Any

from chassis.errors import Conflict
from sqlalchemy.ext.asyncio import AsyncSession

from crm.catalogue.products import queries
from crm.catalogue.products.models import Product


class ProductNumberTaken(Conflict):
    code = "product-number-taken"
    title = "Another product has this number"
    detail = "{field} {value} is already the number of {name}, product {id}."
    hint = "Use that product, or enter a unique number. An archived product keeps its numbers: restore it."


async def numbers_are_free(session: AsyncSession, row: Product, values: dict[str, Any]) -> None:
    """Raises `ProductNumberTaken`."""
    found = {"sku": queries.product_by_sku, "gtin": queries.product_by_gtin}
    for field, numbered in found.items():
        value = values[field]
        if value and value != getattr(row, field):
            other = await numbered(session, value)
            if other is not None and other is not row:
                raise ProductNumberTaken(
                    field=field, value=value, id=other.id, name=other.name, archived=other.archived_at is not None
                )
