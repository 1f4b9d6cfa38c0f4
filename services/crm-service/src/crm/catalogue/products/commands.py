"""Every use case that changes a product. Each holds the row's lock, and announces what changed in its transaction."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from chassis import replication
from chassis.errors import Conflict
from chassis.patch import patched
from chassis.replication import edit, refuse_kept_by
from sqlalchemy.ext.asyncio import AsyncSession

from crm.catalogue.products import queries
from crm.catalogue.products.events import PRODUCT
from crm.catalogue.products.models import Product
from crm.catalogue.products.schemas import ProductBody, ProductOut

Check = Callable[[Product], None]
KEPT_BY_ERP = ("list_price", "dimensions")
KEPT_ONCE_LINKED = ("product_kind", "sku", "gtin", "units", "tax_class")


class ProductNumberTaken(Conflict):
    code = "product-number-taken"
    title = "Another product has this number"
    detail = "{field} {value} is the number of {name}, product {id}."
    hint = "Use that product, or give this one a number of its own. An archived product keeps its numbers: restore it."


async def create(session: AsyncSession, body: ProductBody, actor: str) -> Product:
    """Enter a new product. Raise `OwnedElsewhere` for what the ERP keeps, `ProductNumberTaken`."""
    await replication.creating(session, PRODUCT)
    row = Product.blank()
    await _change(session, row, body, {})
    replication.created(session, PRODUCT, row, actor)
    await session.flush()
    return row


async def change(session: AsyncSession, product_id: UUID, patch: Mapping[str, Any], actor: str, seen: Check) -> Product:
    """Apply a merge patch to the product that the caller has `seen`. Nothing changed: the same version, no event.

    Raise `NotFound`, `Archived`, `Malformed`, `OwnedElsewhere`, `ProductNumberTaken`, and whatever `seen` raises.
    """
    row = await queries.for_update(session, product_id)
    seen(row)
    present = written(row)
    with edit(session, PRODUCT, row, actor):
        await _change(session, row, patched(ProductBody, present, patch), present)
    await session.flush()
    return row


async def archive(session: AsyncSession, product_id: UUID, actor: str, seen: Check) -> Product:
    """Take a product out of the catalogue, in all systems; its history stays."""
    row = await queries.for_update(session, product_id)
    seen(row)
    replication.archive(session, PRODUCT, row, actor)
    await session.flush()
    return row


async def restore(session: AsyncSession, product_id: UUID, actor: str) -> Product:
    """Take an archived product into the catalogue again."""
    row = await queries.for_update(session, product_id)
    replication.restore(session, PRODUCT, row, actor)
    await session.flush()
    return row


def written(row: Product) -> dict[str, Any]:
    """The product as a client would have written it: what a merge patch starts from."""
    return ProductOut.of(row, availability=None).model_dump(mode="json", include=set(ProductBody.model_fields))


async def _change(session: AsyncSession, row: Product, body: ProductBody, present: Mapping[str, Any]) -> None:
    values = body.model_dump(mode="json")
    kept = (*KEPT_BY_ERP, *KEPT_ONCE_LINKED) if row.canonical_id else KEPT_BY_ERP
    refuse_kept_by("erp", kept, present, values)
    changed = {field: value for field, value in values.items() if field not in present or present[field] != value}
    if changed.get("sku"):
        _refuse_taken(row, "sku", changed["sku"], await queries.product_by_sku(session, changed["sku"]))
    if changed.get("gtin"):
        _refuse_taken(row, "gtin", changed["gtin"], await queries.product_by_gtin(session, changed["gtin"]))
    row.change(changed)


def _refuse_taken(row: Product, field: str, value: str, other: Product | None) -> None:
    if other is not None and other is not row:
        raise ProductNumberTaken(
            field=field, value=value, id=other.id, name=other.name, archived=other.archived_at is not None
        )
